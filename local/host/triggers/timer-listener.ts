import type { Invoker } from '../invoke.ts';
import type { AppFunction } from '../load-app.ts';
import { nextRun, type Schedule } from './ncrontab.ts';

/** setTimeout takes no more than 31 bits; longer waits go in stretches. */
const MAX_WAIT_MS = 2 ** 31 - 1;

/** Calls a timer function at every moment of its schedule, never twice at a time, until the returned function is called. */
export function runOnSchedule(options: { fn: AppFunction; schedule: Schedule; invoker: Invoker }): () => void {
  const { fn, schedule, invoker } = options;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  let last = new Date(0);

  const waitFor = (due: Date | undefined): void => {
    if (stopped || !due) return;
    const wait = due.getTime() - Date.now();
    timer =
      wait > MAX_WAIT_MS ? setTimeout(() => waitFor(due), MAX_WAIT_MS) : setTimeout(() => call(due), Math.max(wait, 0));
  };
  const call = (due: Date): void => {
    const next = nextRun(schedule, due);
    const status = { Last: last.toISOString(), Next: (next ?? due).toISOString(), LastUpdated: due.toISOString() };
    const data = {
      json: JSON.stringify({ Schedule: { AdjustForDST: true }, ScheduleStatus: status, IsPastDue: false }),
    };
    last = due;
    const reason = `Timer fired at ${new Date().toISOString()}`;
    void invoker
      .invoke(fn, { data, reason })
      .catch(() => undefined)
      .finally(() => waitFor(nextRun(schedule, new Date())));
  };

  if (fn.trigger.runOnStartup === true) call(new Date());
  else waitFor(nextRun(schedule, new Date()));
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}
