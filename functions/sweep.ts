import { app } from '@azure/functions';
import { peersFor, sweepSchedule } from '../lib/deps.ts';
import { sweep } from '../lib/sweep/sweep.ts';
import { toLog } from '../lib/log.ts';

app.timer('sweep', {
  schedule: sweepSchedule(),
  handler: async (_timer, context) => {
    await sweep(await peersFor(toLog(context)));
  },
});
