import { app } from '@azure/functions';
import { deps } from '../lib/deps.ts';
import { handlePoison, readTries } from '../lib/intake/message.ts';
import { abandon } from '../lib/environment/abandon.ts';
import { toLog } from '../lib/log.ts';

app.storageQueue('abandon', {
  queueName: 'environment-requests-poison',
  connection: 'AzureWebJobsStorage',
  handler: (message, context) =>
    handlePoison(deps.messageDeps(toLog(context)), {
      message,
      work: deps.tracedWork(abandon),
      tries: readTries(context.triggerMetadata, message),
    }),
});
