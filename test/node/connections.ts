import { kubectl } from './cluster.ts';

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
export async function reachedFrom(
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
