import { app } from '@azure/functions';
import { peersFor, requests } from '../lib/deps.ts';
import { handleMessage } from '../lib/intake/message.ts';
import { reconcile } from '../lib/environment/reconcile.ts';
import { toLog } from '../lib/log.ts';

app.storageQueue('reconcile', {
  queueName: 'environment-requests',
  connection: 'AzureWebJobsStorage',
  handler: (message, context) => {
    const log = toLog(context);
    return handleMessage({ log, requests, peers: () => peersFor(log) }, { message, work: reconcile });
  },
});
