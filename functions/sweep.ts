import { app } from '@azure/functions';
import { deps } from '../lib/deps.ts';
import { sweepOnTime } from '../lib/sweep/answer-sweep.ts';
import { toLog } from '../lib/log.ts';

app.timer('sweep', {
  schedule: deps.sweepSchedule(),
  handler: (_timer, context) => {
    const log = toLog(context);
    return sweepOnTime({ log, ports: () => deps.portsFor(log) });
  },
});
