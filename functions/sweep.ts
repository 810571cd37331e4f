import { app } from '@azure/functions';
import { peersFor, sweepSchedule, toLog } from '../lib/deps.ts';
import { sweep } from '../lib/sweep/sweep.ts';

app.timer('sweep', {
  schedule: sweepSchedule(),
  handler: async (_timer, context) => {
    await sweep(await peersFor(toLog(context)));
  },
});
