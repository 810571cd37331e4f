import { app } from '@azure/functions';
import { announceRollout, makeStorage, messageDeps, tracedWork } from '../lib/deps.ts';
import { handleMessage } from '../lib/intake/message.ts';
import { reconcile } from '../lib/environment/reconcile.ts';
import { toLog } from '../lib/log.ts';

/** The first calls go first. */
const AFTER_START_MS = 5_000;

// nobody waits for it, and it may fail: no hook may keep the app from starting
app.hook.appStart(() => {
  void makeStorage().catch(() => {});
  setTimeout(() => void announceRollout().catch(() => {}), AFTER_START_MS).unref();
});

app.storageQueue('reconcile', {
  queueName: 'environment-requests',
  connection: 'AzureWebJobsStorage',
  handler: (message, context) => handleMessage(messageDeps(toLog(context)), { message, work: tracedWork(reconcile) }),
});
