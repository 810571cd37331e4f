import { parseArgs } from 'node:util';
import { drawHistory } from './draw-history.ts';
import { describeHistory } from './history.ts';
import { play } from './run.ts';
import { shrink } from './shrink.ts';

/*
 * npm run simulate -- --seed N                 plays one history again and prints it, shrunk, where it fails
 * npm run simulate -- --seed N --histories M   plays M from that seed on
 * --tell prints each step
 */
const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    histories: { type: 'string', default: '1' },
    tell: { type: 'boolean', default: false },
  },
});
const first = Number(values.seed);
const count = Number(values.histories);
const started = performance.now();
let failures = 0;
let calls = 0;
Error.stackTraceLimit = 0;

for (let seed = first; seed < first + count && failures < 10; seed += 1) {
  const history = drawHistory(seed);
  const played = await play(history, values.tell ? { tell: console.log } : {});
  calls += played.calls;
  if (played.violation === undefined) continue;
  failures += 1;
  console.log(`\nFAILED ${played.violation}`);
  const small = await shrink(history);
  console.log(describeHistory(small));
  if (count === 1) await play(small, { tell: console.log });
}
const seconds = (performance.now() - started) / 1000;
console.log(`${count} histories, ${failures} failed, ${calls} calls, ${(count / seconds).toFixed(0)} histories/s`);
process.exitCode = failures > 0 ? 1 : 0;
