import { setTimeout as pass } from 'node:timers/promises';
import { applyAll, kubectl, until } from './cluster.ts';

/** host:port, as a pod would name it. */
type Target = string;

const PROBE = `
const { connect } = require('node:net');
const open = ([host, port]) => new Promise((done) => {
  const socket = connect({ host, port: Number(port), timeout: 2500 });
  const end = (answer) => { socket.destroy(); done(answer); };
  socket.once('connect', () => end(true)).once('error', () => end(false)).once('timeout', () => end(false));
});
const targets = process.argv.slice(1);
Promise.all(targets.map((target) => open(target.split(':')))).then((all) => console.log(JSON.stringify(all)));
`;

/** Which addresses a connection can be made to from inside a pod, by its own Node. */
async function reachedFrom(
  pod: { namespace: string; name: string; container?: string },
  targets: readonly Target[],
): Promise<Record<Target, boolean>> {
  const container = pod.container === undefined ? [] : ['-c', pod.container];
  const said = await kubectl(
    '-n',
    pod.namespace,
    'exec',
    pod.name,
    ...container,
    '--',
    'node',
    '-e',
    PROBE,
    ...targets,
  );
  const answers = JSON.parse(said) as boolean[];
  return Object.fromEntries(targets.map((target, index) => [target, answers[index] === true]));
}

/**
 * Waits until exactly the wanted ones of all targets are reached: policies are in force some seconds after the pods that
 * they speak of. What has come true must still be so a moment later.
 */
export async function untilReached(
  pod: Parameters<typeof reachedFrom>[0],
  targets: readonly Target[],
  wanted: readonly Target[],
): Promise<void> {
  let seen = '';
  const isAsWanted = async (): Promise<boolean> => {
    const reached = await reachedFrom(pod, targets);
    seen = targets.filter((target) => reached[target]).join(' ');
    return seen === targets.filter((target) => wanted.includes(target)).join(' ');
  };
  const twice = async (): Promise<boolean> => {
    if (!(await isAsWanted())) return false;
    await pass(1_000);
    return isAsWanted();
  };
  await until(`${pod.namespace}/${pod.name} reaches ${wanted.join(' ')}`, twice, {
    withinMs: 20_000,
    seen: () => `It reaches ${seen}`,
  });
}

/** A pod that no policy binds, in a namespace that is no branch's: what it can't reach is closed, or is not there. */
export async function startOutsider() {
  const metadata = { name: 'outsider', namespace: 'outsider' };
  const command = ['node', '-e', 'setInterval(() => undefined, 60_000)'];
  const image = 'kubemooc.azurecr.io/todo-app-fe:v1';
  await applyAll([
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'outsider' } },
    { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers: [{ name: 'outsider', image, command }] } },
  ]);
  await kubectl('-n', 'outsider', 'wait', '--for=condition=Ready', 'pod/outsider', '--timeout=60s');
  return metadata;
}
