import { writeFile } from 'node:fs/promises';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createApp } from './app.ts';
import { compareAgain } from './cases/again.ts';
import { compareCold } from './cases/cold.ts';
import { compareFirst } from './cases/first.ts';
import { compareMany } from './cases/many.ts';
import { comparePure } from './cases/pure.ts';
import { compareScale, measureFew } from './cases/scale.ts';
import { createKubectl } from './kubectl.ts';
import { judge, toLine, type Comparison, type Result } from './measure.ts';
import { setStage } from './stage.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    /** Some of: first, again, scale, many, pure, cold. */
    only: { type: 'string' },
  },
});
const rounds = Number(values.rounds);
const chosen = values.only?.split(',');
const wants = (name: string): boolean => chosen === undefined || chosen.includes(name);
const assets = process.env['KUBEBUILDER_ASSETS'];
if (!assets) {
  console.error(
    'KUBEBUILDER_ASSETS names no control plane: a directory with etcd, kube-apiserver and kube-controller-manager',
  );
  process.exit(1);
}

const results: Result[] = [];
const load = loadavg()[0] ?? 0;
const tell = (comparisons: Comparison[]): void => {
  for (const result of comparisons.map(judge)) {
    results.push(result);
    console.log(toLine(result));
  }
};

const stage = await setStage(assets);
try {
  const app = await createApp(stage);
  const kubectl = await createKubectl(stage);
  console.log(`${rounds} rounds, ${cpus().length} processors, load ${load.toFixed(1)}; ours and theirs are medians\n`);
  if (wants('pure')) tell(await comparePure({ app, kubectl }, rounds));
  if (wants('first')) tell(await compareFirst({ stage, app, kubectl }, rounds));
  const few = wants('scale') ? await measureFew(app, rounds) : [];
  if (wants('again')) tell(await compareAgain({ stage, app, kubectl }, rounds));
  if (wants('cold')) tell([await compareCold(stage, rounds)]);
  if (wants('many')) tell([await compareMany({ stage, app, kubectl }, rounds)]);
  if (wants('scale')) tell([await compareScale({ stage, app, few }, rounds)]);
  await app.close();
} finally {
  await stage.stop();
}
const peak = results.find(({ notes }) => typeof notes?.['peakRssMb'] === 'number')?.notes?.['peakRssMb'];
if (typeof peak === 'number') console.log(`\nmemory at the peak of the branches at once: ${peak} MB`);
const machine = { processors: cpus().length, model: cpus()[0]?.model, load, node: process.version };
const text = JSON.stringify({ at: new Date().toISOString(), rounds, machine, results }, null, 2);
await writeFile(join(import.meta.dirname, 'results.json'), `${text}\n`);
