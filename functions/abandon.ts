import { app } from '@azure/functions';
import { messageDeps, tracedWork } from '../lib/deps.ts';
import { handlePoison, readTries } from '../lib/intake/message.ts';
import { abandon } from '../lib/environment/abandon.ts';
import { toLog } from '../lib/log.ts';

app.storageQueue('abandon', {
  queueName: 'environment-requests-poison',
  connection: 'AzureWebJobsStorage',
  handler: (message, context) =>
    handlePoison(messageDeps(toLog(context)), {
      message,
      work: tracedWork(abandon),
      tries: readTries(context.triggerMetadata, message),
    }),
});
