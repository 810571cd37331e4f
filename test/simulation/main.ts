import { parseArgs } from 'node:util';
import { drawHistory } from './histories/draw-history.ts';
import { describeHistory } from './histories/history.ts';
import { play } from './run.ts';
import { shrink } from './histories/shrink.ts';

/*
 * npm run simulate -- --seed N                 plays one history again; where it fails, prints it shrunk, step by step
 * npm run simulate -- --seed N --histories M   plays M from that seed on
 * --seconds S ends after so long; --tell prints each step; --json ends with one line of figures for a program
 */
const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    histories: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '86400' },
    tell: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});
const MOST_FAILURES = 10;
const first = Number(values.seed);
const count = Number(values.histories);
const started = performance.now();
const elapsed = (): number => (performance.now() - started) / 1000;
const figures = { histories: 0, failed: [] as number[], calls: 0, seconds: 0 };
Error.stackTraceLimit = 0;

for (let seed = first; seed < first + count && figures.failed.length < MOST_FAILURES; seed += 1) {
  if (elapsed() > Number(values.seconds)) break;
  const history = drawHistory(seed);
  const { calls, violation } = await play(history, values.tell ? { tell: console.log } : {});
  figures.histories += 1;
  figures.calls += calls;
  if (violation === undefined) continue;
  figures.failed.push(seed);
  console.log(`\nFAILED ${violation}`);
  const small = await shrink(history);
  console.log(describeHistory(small));
  if (count === 1) await play(small, { tell: console.log });
}
figures.seconds = elapsed();
const { histories, failed, calls, seconds } = figures;
console.log(
  values.json
    ? JSON.stringify(figures)
    : `${histories} ${histories === 1 ? 'history' : 'histories'}, ${failed.length} failed, ${calls} calls, ${(histories / seconds).toFixed(0)} histories/s`,
);
process.exitCode = failed.length > 0 ? 1 : 0;
