import { mkdir, readFile, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { SHIPPED_OVERLAYS } from '../build/overlays.ts';
import { nodeCommand } from '../node/node-command.ts';
import { runStep, type Step, type StepResult } from './step.ts';
import { countTests, type Counts, sumUp } from './test-counts.ts';

/*
 * npm test              format, lint, types, build, every test that needs no cluster
 * npm run test:page     build, then the tests of the status page in Chromium
 * npm run test:cluster  build, then the tests on the control plane that KUBEBUILDER_ASSETS names
 * npm run test:node     build, then the tests on the real node that NODE_RUN starts
 * check.ts unit         the tests of `npm test` that a runtime could make fail, on the Node that runs this
 * Further arguments go to jest.
 */
const root = join(import.meta.dirname, '..', '..');
const [first = '', ...rest] = process.argv.slice(2);
const MODES = ['cluster', 'unit', 'page', 'node'] as const;
const mode = MODES.find((each) => each === first) ?? 'all';
const jestArguments = mode === 'all' ? process.argv.slice(2) : rest;

/** Tests that need a real API server whatever is set are named so. */
const CLUSTER_TESTS = '\\.cluster\\.test\\.ts$';
/** Tests in a browser. */
const PAGE_TESTS = '\\.page\\.test\\.ts$';
/** Tests on a real node. */
const NODE_TESTS = '\\.node\\.test\\.ts$';
/** The suite that runs where a control plane is named, and says so elsewhere. */
const ON_CONTROL_PLANE = 'test/contract/control-plane';
/**
 * Pure rules, models, manifests, long lives and bursts: what they say does not depend on the Node that says it, and their
 * types hold them to ES2024, which every Node has that the app runs on. What serves a checkout (stand-ins, demo, docs)
 * runs on the Node that comes along.
 */
const RUNTIME_FREE = [
  'test/contract/',
  'test/e2e/demo/',
  'test/faults/',
  'test/identity/instances/',
  'test/identity/memory/',
  'test/infra/',
  'test/manifests/',
  'test/mutation/',
  'test/simulation/',
  'test/soak/',
  'test/unit/action/',
  'test/unit/cluster/readiness/',
  // jest cannot link what is imported side by side on Node 22 ("module not been linked"); Node itself can
  'test/unit/deps/',
  'test/unit/diagnosis/',
  'test/unit/docs/',
  'test/unit/environment/',
  'test/unit/local/',
  'test/unit/messages/',
  'test/unit/overlays/',
  'test/unit/page/',
  'test/unit/preflight/',
  'test/unit/supply-chain/',
  'test/unit/sweep/',
];
/** Much of a test's time is waiting for servers: more side by side than cores pay, but for browsers and clusters. */
const CORES = availableParallelism();
const WORKERS = `--maxWorkers=${mode === 'page' || mode === 'cluster' ? Math.max(2, CORES - 1) : Math.max(3, CORES)}`;

process.exitCode = await main();

async function main(): Promise<number> {
  const assets = process.env['KUBEBUILDER_ASSETS'];
  if (mode === 'cluster' && !assets) {
    console.error('KUBEBUILDER_ASSETS must name a directory with kube-apiserver and etcd: see CONTRIBUTING.md.');
    return 1;
  }
  if (mode === 'node' && !process.env['NODE_RUN']) {
    console.error('NODE_RUN must name the program that starts a node: NODE_RUN=../shared/node/run npm run test:node');
    return 1;
  }
  const started = Date.now();
  const built = await inTurn(mode === 'unit' ? [] : [build()]);
  const [checked, tests] = await Promise.all([inTurn(mode === 'all' ? textChecks() : []), runTests()]);
  const failedChecks = [...built, ...checked].filter(({ ok }) => !ok);
  // once more at the end, where nobody has to look for it between the tests
  for (const { name, said } of failedChecks) console.log(`\nFAILED ${name}\n${said.trimEnd()}`);
  console.log(`Took ${seconds(Date.now() - started)} on Node ${process.versions.node}`);
  console.log(sumUp(tests, failedChecks.length));
  return failedChecks.length + tests.failed > 0 ? 1 : 0;
}

function bin(file: string): string {
  return join(root, 'node_modules', file);
}

function build(): Step {
  // the shipped tree, whatever this checkout's user builds
  const { manifestsDir: MANIFESTS_DIR, overlays } = SHIPPED_OVERLAYS;
  const env = { ...process.env, MANIFESTS_DIR, OVERLAYS: overlays.join() };
  return { name: 'build', args: ['--no-warnings', join(root, 'local', 'build', 'main.ts')], env };
}

/** They run beside the tests, which leave the processors idle for a third of their time. */
function textChecks(): Step[] {
  return [
    { name: 'format', args: [bin('prettier/bin/prettier.cjs'), '--check', '--log-level', 'warn', '.'] },
    { name: 'types', args: [bin('typescript/bin/tsc'), '--noEmit'] },
    { name: 'lint', args: [bin('eslint/bin/eslint.js'), '.'] },
  ];
}

async function inTurn(steps: readonly Step[]): Promise<StepResult[]> {
  const results: StepResult[] = [];
  for (const step of steps) {
    const result = await runStep(step, root);
    console.log(`${result.ok ? 'ok    ' : 'FAILED'} ${step.name.padEnd(7)} ${seconds(result.ms)}`);
    results.push(result);
  }
  return results;
}

async function runTests(): Promise<Counts> {
  const report = join(root, '.cache', `jest-${mode}-${process.pid}.json`);
  await mkdir(join(root, '.cache'), { recursive: true });
  const jest = ['--experimental-vm-modules', '--no-warnings', join(root, 'node_modules', 'jest', 'bin', 'jest.js')];
  // The caller's come last, after an option of one value: jest's lists of patterns would swallow them.
  const args = [
    ...jest,
    ...selection(),
    '--json',
    `--outputFile=${report}`,
    ...(mode === 'node' ? [] : [WORKERS]),
    ...jestArguments,
  ];
  const onNode = mode === 'node' ? await nodeCommand(root) : [];
  const step: Step = { name: 'tests', args, env: testEnvironment(), shown: true, kept: true, within: onNode };
  const { ok, said } = await runStep(step, root);
  const counts = countTests(await readFile(report, 'utf8').catch(() => ''), { endedWell: ok, said });
  await rm(report, { force: true });
  return counts;
}

function selection(): string[] {
  const elsewhere = [CLUSTER_TESTS, PAGE_TESTS, NODE_TESTS];
  if (mode === 'unit') return [`--testPathIgnorePatterns=${[...elsewhere, ...RUNTIME_FREE].join('|')}`];
  if (mode === 'all') return [`--testPathIgnorePatterns=${elsewhere.join('|')}`];
  // one after the other: each is to have the node's processors for itself
  if (mode === 'node') return ['--runInBand', '--testMatch=**/*.node.test.ts'];
  const ownSelection = jestArguments.some((argument) => !argument.startsWith('-'));
  if (ownSelection) return [];
  return mode === 'page' ? [PAGE_TESTS] : [CLUSTER_TESTS, ON_CONTROL_PLANE];
}

/** `npm test` is the same on every machine: a cluster that happens to be at hand does not change what it runs. */
function testEnvironment(): NodeJS.ProcessEnv {
  const env = { ...process.env };
  if (mode !== 'cluster') delete env['KUBEBUILDER_ASSETS'];
  // jest's output is read on its way to the terminal, so that it sees none
  if (process.stdout.isTTY) env['FORCE_COLOR'] ??= '1';
  return env;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
