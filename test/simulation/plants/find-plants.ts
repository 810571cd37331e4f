import { parseArgs } from 'node:util';
import { drawHistory } from '../histories/draw-history.ts';
import { plantFault } from './plant.ts';
import { IDENTITY_PLANTS } from './identity-plants.ts';
import { PLANTS } from './plants.ts';
import { play } from '../run.ts';

/** Plants each fault in turn, plays histories until one finds it, and prints a line of JSON for each. */
const { values } = parseArgs({
  options: { histories: { type: 'string', default: '3000' }, only: { type: 'string' }, identity: { type: 'boolean' } },
});
Error.stackTraceLimit = 0;

for (const plant of values.identity === true ? IDENTITY_PLANTS : PLANTS) {
  if (values.only !== undefined && !plant.name.includes(values.only)) continue;
  const core = await plantFault(plant);
  let seed = 0;
  let violation: string | undefined;
  while (violation === undefined && seed < Number(values.histories)) {
    seed += 1;
    ({ violation } = await play(drawHistory(seed), { core }));
  }
  console.log(JSON.stringify({ plant: plant.name, seed, ...(violation !== undefined && { violation }) }));
}
