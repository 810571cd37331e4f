import { app } from '@azure/functions';
import { peersFor, requests } from '../lib/deps.ts';
import { handlePoison } from '../lib/intake/message.ts';
import { abandon } from '../lib/environment/abandon.ts';
import { toLog } from '../lib/log.ts';

app.storageQueue('abandon', {
  queueName: 'environment-requests-poison',
  connection: 'AzureWebJobsStorage',
  handler: (message, context) => {
    const log = toLog(context);
    return handlePoison({ log, requests, peers: () => peersFor(log) }, { message, work: abandon });
  },
});
