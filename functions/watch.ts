import { app } from '@azure/functions';
import { deps } from '../lib/deps.ts';
import { toLog } from '../lib/log.ts';
import { watchOnTime } from '../lib/sweep/watch.ts';

app.timer('watch', {
  schedule: deps.watchSchedule(),
  handler: (_timer, context) => {
    const log = toLog(context);
    return watchOnTime({ log, open: () => deps.watchDeps(log) });
  },
});
