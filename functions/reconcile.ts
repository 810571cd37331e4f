import { app } from '@azure/functions';
import { deps } from '../lib/deps.ts';
import { handleMessage } from '../lib/intake/message.ts';
import { reconcile } from '../lib/environment/reconcile.ts';
import { toLog } from '../lib/log.ts';

/** The first calls go first. */
const AFTER_START_MS = 5_000;

// nobody waits for it, and it may fail: no hook may keep the app from starting
app.hook.appStart(() => {
  void deps.makeStorage().catch(() => {});
  setTimeout(() => void deps.announceRollout().catch(() => {}), AFTER_START_MS).unref();
});

app.storageQueue('reconcile', {
  queueName: 'environment-requests',
  connection: 'AzureWebJobsStorage',
  handler: (message, context) =>
    handleMessage(deps.messageDeps(toLog(context)), { message, work: deps.tracedWork(reconcile) }),
});
