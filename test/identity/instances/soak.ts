import { parseArgs } from 'node:util';
import { runManyBranches } from './many-branches.ts';

// node --no-warnings test/identity/instances/soak.ts --seed N; it is also a part of npm run test:soak
const { values } = parseArgs({
  options: {
    branches: { type: 'string', default: '200' },
    identities: { type: 'string', default: '12' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
});
const [branches, identities, seed] = [values.branches, values.identities, values.seed].map(Number);
console.log(`seed ${seed}`);
const { ok } = await runManyBranches({
  branches: branches ?? 200,
  identities: identities ?? 12,
  seed: seed ?? 1,
  print: (line) => console.log(line),
});
process.exitCode = ok ? 0 : 1;
