import { app } from '@azure/functions';
import { portsFor, sweepSchedule } from '../lib/deps.ts';
import { sweepOnTime } from '../lib/sweep/answer-sweep.ts';
import { toLog } from '../lib/log.ts';

app.timer('sweep', {
  schedule: sweepSchedule(),
  handler: (_timer, context) => {
    const log = toLog(context);
    return sweepOnTime({ log, ports: () => portsFor(log) });
  },
});
