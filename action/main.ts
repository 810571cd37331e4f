import { readManifests } from './manifests.ts';
import { type Environment, type Provisioner, ProvisionerFailure, createProvisioner } from './provisioner.ts';
import { toSummary } from './report.ts';
import { type Runner, createRunner } from './runner.ts';

const HOLD_S = 30;
const AT_REST = ['ready', 'failed', 'refused', 'gone'];

const runner = createRunner(process.env, (line) => void process.stdout.write(`${line}\n`));
process.exitCode = await run(runner).catch((error: unknown) => {
  const { message, fix } = error as ProvisionerFailure;
  runner.annotate('Feature branch environment', [message, fix].filter(Boolean).join('\n'));
  return 1;
});

/** Provisions, waits if asked to, and tells the job how it went; the exit code. */
async function run({ input, token, output, summary, say }: Runner): Promise<number> {
  const address = input('address');
  if (!/^https?:\/\//.test(address)) throw new ProvisionerFailure('The input address is not an http(s) address.');
  const timeoutMs = Number(input('timeout') || '15') * 60_000;
  if (!(timeoutMs > 0)) throw new ProvisionerFailure('The input timeout is not a number of minutes.');
  const provisioner = createProvisioner({
    address,
    token: () => token(input('audience') || 'feature-branch-provisioner'),
    say,
  });
  const imageTag = input('image-tag');
  const directory = input('manifests');
  const { environment, at } = await provisioner.provision({
    ...(imageTag !== '' && { imageTag }),
    ...(directory !== '' && { manifests: directory === 'reset' ? null : await readManifests(directory, say) }),
  });
  await output('environment', environment);
  say(`Environment ${environment}: queued`);
  if (input('wait') === 'false') {
    await output('phase', 'queued');
    return 0;
  }
  const seen = await waitFor(provisioner, { at, end: Date.now() + timeoutMs, say });
  await output('phase', seen?.phase ?? 'queued');
  await output('url', seen?.url ?? '');
  if (seen !== undefined) await summary(toSummary(seen));
  // a refused request leaves an environment that exists as it was: ready, and not what was asked for
  if (seen?.phase === 'ready' && isTaken(seen, at) && seen.refused === undefined) return 0;
  throw toFailure(seen, timeoutMs);
}

/** The environment once this request was taken up and is at rest, or as it is when the time is over. */
async function waitFor(
  provisioner: Provisioner,
  { at, end, say }: { at: string; end: number; say: (line: string) => void },
): Promise<Environment | undefined> {
  let told = '';
  // the first look must not be held open: the environment may be at rest already
  for (let holdS = 0; ; holdS = HOLD_S) {
    const leftS = Math.ceil((end - Date.now()) / 1_000);
    const seen = await provisioner.status(Math.max(0, Math.min(holdS, leftS)));
    const line = seen === undefined ? 'queued' : [seen.phase, seen.waitingOn].filter(Boolean).join(': ');
    if (line !== told) say(`  ${(told = line)}`);
    if ((seen !== undefined && isTaken(seen, at) && AT_REST.includes(seen.phase)) || leftS <= 0) return seen;
  }
}

/** Whether the record already speaks of this request, and not of one before it. */
function isTaken({ event }: Environment, at: string): boolean {
  return (event?.at ?? '') >= at;
}

function toFailure(seen: Environment | undefined, timeoutMs: number): ProvisionerFailure {
  const { phase = 'queued', error, refused, waitingOn } = seen ?? {};
  if (phase === 'failed' && error !== undefined) return new ProvisionerFailure(error.message, error.fix);
  if (refused !== undefined) return new ProvisionerFailure(`Refused by guard ${refused.guard}: ${refused.reason}`);
  const what = waitingOn === undefined ? '' : `: ${waitingOn}`;
  return new ProvisionerFailure(
    `Not ready after ${timeoutMs / 60_000} minutes; it is ${phase}${what}`,
    'The environment goes on by itself; raise the input timeout, or look at its status.',
  );
}
