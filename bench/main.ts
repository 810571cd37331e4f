import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { createApp, type App } from './app.ts';
import { compareAgain } from './cases/again.ts';
import { measureCalls, type CallsOf } from './cases/calls.ts';
import { compareCold } from './cases/cold.ts';
import { compareFirst } from './cases/first.ts';
import { measureDelay } from './cases/delay.ts';
import { measureLoad } from './cases/load.ts';
import { compareMany } from './cases/many.ts';
import { comparePure } from './cases/pure.ts';
import { measureSurvey } from './cases/survey.ts';
import { measureSweep } from './cases/sweep.ts';
import { compareScale } from './cases/scale.ts';
import { toCallsLine } from './count-calls.ts';
import { type Figures, toFiguresLine } from './figures.ts';
import { createKubectl } from './kubectl.ts';
import { judge, toLine, type Comparison, type Result } from './measure.ts';
import { keepResults, loadNow } from './results.ts';
import { setStage, type Stage } from './stage.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    /** Some of: pure, first, again, cold, calls, scale, many, sweep, survey, delay, load. */
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
const calls: CallsOf[] = [];
const figures: Figures[] = [];
const load = loadNow();
const tell = (comparisons: Comparison[]): void => {
  for (const result of comparisons.map(judge)) {
    results.push(result);
    console.log(toLine(result));
  }
};

async function onStage(work: (on: { stage: Stage; app: App }) => Promise<void>): Promise<void> {
  const stage = await setStage(assets ?? '');
  try {
    const app = await createApp(stage);
    await work({ stage, app });
    await app.close();
  } finally {
    await stage.stop();
  }
}

console.log(`${rounds} rounds, ${cpus().length} processors, load ${load}; ours and theirs are medians\n`);
if (['pure', 'first', 'again', 'cold', 'calls', 'many'].some(wants)) {
  await onStage(async ({ stage, app }) => {
    const kubectl = await createKubectl(stage);
    if (wants('pure')) tell(await comparePure({ app, kubectl }, rounds));
    if (wants('first')) tell(await compareFirst({ stage, app, kubectl }, rounds));
    if (wants('again')) tell(await compareAgain({ stage, app, kubectl }, rounds));
    if (wants('cold')) tell([await compareCold(stage, rounds)]);
    if (wants('calls')) calls.push(...(await measureCalls({ stage, app })));
    if (wants('many')) tell([await compareMany({ stage, app, kubectl }, rounds)]);
  });
}
// a cluster that holds nothing else
if (wants('scale')) await onStage(async (on) => tell([await compareScale(on, rounds)]));
if (wants('sweep')) figures.push(await measureSweep());
if (wants('survey')) {
  await onStage(async (on) => {
    const measured = await measureSurvey(on, rounds);
    tell(measured.comparisons);
    figures.push(measured.figures);
  });
}
if (wants('delay')) await onStage(async ({ stage }) => void figures.push(await measureDelay(stage)));
if (wants('load')) {
  await onStage(async ({ stage }) => {
    const measured = await measureLoad(stage);
    tell(measured.comparisons);
    figures.push(measured.figures);
  });
}

for (const line of figures.map(toFiguresLine)) console.log(line);
for (const line of calls.map(toCallsLine)) console.log(line);
const peak = results.find(({ notes }) => notes?.['peakRssMb'] !== undefined)?.notes?.['peakRssMb'];
if (typeof peak === 'number') console.log(`\nmemory at the peak of the branches at once: ${peak} MB`);
await keepResults({ results, calls, figures }, { load });
