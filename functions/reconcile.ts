import { app } from '@azure/functions';
import { messageDeps } from '../lib/deps.ts';
import { handleMessage } from '../lib/intake/message.ts';
import { reconcile } from '../lib/environment/reconcile.ts';
import { toLog } from '../lib/log.ts';

app.storageQueue('reconcile', {
  queueName: 'environment-requests',
  connection: 'AzureWebJobsStorage',
  handler: (message, context) => handleMessage(messageDeps(toLog(context)), { message, work: reconcile }),
});
