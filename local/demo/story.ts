import { relative } from 'node:path';
import type { EnvironmentRecord } from '../../lib/environment/model/record.ts';
import {
  ask,
  branchDelivery,
  deleteNamespace,
  deliver,
  listEnvironmentNamespaces,
  lookAtNamespace,
  makeForeignNamespace,
  readRecord,
  waitFor,
} from './actions.ts';
import { projectRoot } from '../build/build.ts';
import { type Tally, check, heading, say, timed } from './show.ts';
import { runJob, writeBranchManifests } from './job.ts';
import { IDENTITY, type Stage } from './stage.ts';

const BRANCH = 'demo-login';
const NAMESPACE = `feature-${BRANCH}`;
const FOREIGN = 'demo-legacy';

/** The life of one branch, and what must not happen to others; every step is checked against the peers themselves. */
export async function tellStory(stage: Stage): Promise<Tally> {
  const tally: Tally = { held: 0, failed: [] };
  await createBranch(stage, tally);
  await refuseForged(stage, tally);
  await refuseForeign(stage, tally);
  await tryManifests(stage, tally);
  await deleteBranch(stage, tally);
  return tally;
}

async function createBranch(stage: Stage, tally: Tally): Promise<void> {
  heading(`Somebody pushes the branch ${BRANCH}`);
  branchesOf(stage).push(BRANCH);
  const delivery = branchDelivery(stage, { event: 'create', ref: BRANCH });
  const from = performance.now();
  const answer = await deliver(stage, delivery);
  check(tally, {
    what: 'GitHub’s delivery is answered',
    holds: answer.status === 202,
    saw: `${answer.status} in ${answer.ms} ms`,
  });
  const ready = await waitFor(stage, {
    slug: BRANCH,
    until: ({ phase }) => ['ready', 'failed', 'refused'].includes(phase),
    onPhase: ({ phase, waitingOn }) => say(`  ${phase}${waitingOn === undefined ? '' : `: ${waitingOn}`}`),
    withinMs: 120_000,
  });
  const seconds = ((performance.now() - from) / 1000).toFixed(1);
  check(tally, { what: 'the environment is ready', holds: ready?.phase === 'ready', saw: outcomeOf(ready, seconds) });
  const namespace = await lookAtNamespace(stage, NAMESPACE);
  check(tally, { what: 'namespace', holds: namespace !== undefined && namespace.uid === ready?.uid, saw: NAMESPACE });
  const [credential] = stage.azure.credentials(IDENTITY);
  check(tally, {
    what: 'federated credential',
    holds: credential?.subject === `system:serviceaccount:${NAMESPACE}:postgres-service-account`,
    saw: `${credential?.name} for ${credential?.subject}`,
  });
  check(tally, { what: 'objects', holds: (ready?.inventory.length ?? 0) > 0, saw: countKinds(ready) });
  say(`  ${ready?.url ?? 'no address'}`);

  heading('GitHub sends the same delivery again');
  const again = await deliver(stage, delivery);
  check(tally, {
    what: 'it is answered the same',
    holds: again.status === 202,
    saw: `${again.status} in ${again.ms} ms`,
  });
  await waitUntilHandled(stage);
  const after = await readRecord(stage, BRANCH);
  const namespaceAfter = await lookAtNamespace(stage, NAMESPACE);
  const applies = (record: EnvironmentRecord | undefined) =>
    record?.history.filter(({ what }) => what === 'applied').length;
  check(tally, {
    what: 'nothing changed',
    holds:
      applies(after) === applies(ready) &&
      after?.phase === 'ready' &&
      namespaceAfter?.resourceVersion === namespace?.resourceVersion,
  });
}

async function refuseForged(stage: Stage, tally: Tally): Promise<void> {
  heading('Somebody forges a delivery');
  const forged = branchDelivery(stage, { event: 'delete', ref: BRANCH, secret: 'not the secret of this repository' });
  const answer = await deliver(stage, forged);
  check(tally, { what: 'it is refused', holds: answer.status === 401, saw: String(answer.status) });
}

async function refuseForeign(stage: Stage, tally: Tally): Promise<void> {
  heading('A branch named kube-system is deleted');
  const system = await lookAtNamespace(stage, 'kube-system');
  const ignored = await deliver(stage, branchDelivery(stage, { event: 'delete', ref: 'kube-system' }));
  check(tally, {
    what: 'the delivery is ignored',
    holds: ignored.body.outcome === 'ignored',
    saw: ignored.body.reason ?? '',
  });
  const refused = await ask(stage, 'deprovision', { branch: 'kube-system' });
  check(tally, { what: 'a person is refused too', holds: refused.status === 409, saw: `guard ${refused.body.guard}` });
  const still = await lookAtNamespace(stage, 'kube-system');
  check(tally, {
    what: 'kube-system is untouched',
    holds: still !== undefined && still.uid === system?.uid && !still.terminating,
  });

  heading(`The branch ${FOREIGN} is deleted, but its namespace belongs to somebody else`);
  await makeForeignNamespace(stage, `feature-${FOREIGN}`);
  const before = await lookAtNamespace(stage, `feature-${FOREIGN}`);
  const queued = await deliver(stage, branchDelivery(stage, { event: 'delete', ref: FOREIGN }));
  const record = await waitFor(stage, { slug: FOREIGN, until: ({ phase }) => phase === 'refused' });
  check(tally, {
    what: 'it is refused',
    holds: queued.status === 202 && record?.refused?.guard === 'owner',
    saw: record?.refused?.reason ?? 'no',
  });
  const after = await lookAtNamespace(stage, `feature-${FOREIGN}`);
  check(tally, {
    what: 'the namespace is untouched',
    holds: after?.resourceVersion === before?.resourceVersion && after !== undefined,
  });
  await deleteNamespace(stage, `feature-${FOREIGN}`);
}

async function tryManifests(stage: Stage, tally: Tally): Promise<void> {
  heading('A CI job of the branch tries its own manifests, by its own token');
  const { directory, remove } = await writeBranchManifests(stage);
  try {
    const { code } = await runJob(stage, { branch: BRANCH, inputs: { manifests: relative(projectRoot, directory) } });
    check(tally, { what: 'the job waits until the environment is ready', holds: code === 0, saw: `exit code ${code}` });
  } finally {
    await remove();
  }
  const record = await readRecord(stage, BRANCH);
  const { added = [], removed = [] } = record?.differs ?? {};
  check(tally, {
    what: 'it runs one Deployment more and one Service less than the app’s overlays',
    holds:
      record?.from === 'branch' && added.join() === 'Deployment/preview' && removed.includes('Service/broadcaster-svc'),
    saw: `added ${added.join(', ')}; removed ${removed.join(', ')}`,
  });
  const { code } = await runJob(stage, { branch: BRANCH, inputs: { manifests: 'reset' } });
  const after = await readRecord(stage, BRANCH);
  check(tally, {
    what: 'a job goes back to the app’s overlays',
    holds: code === 0 && after?.from === 'app' && after.inventory.every(({ name }) => name !== 'preview'),
    saw: `from ${after?.from}`,
  });
}

async function deleteBranch(stage: Stage, tally: Tally): Promise<void> {
  heading(`Somebody deletes the branch ${BRANCH}`);
  const branches = branchesOf(stage);
  branches.splice(branches.indexOf(BRANCH), 1);
  const { result, ms } = await timed(async () => {
    const answer = await deliver(stage, branchDelivery(stage, { event: 'delete', ref: BRANCH }));
    check(tally, {
      what: 'GitHub’s delivery is answered',
      holds: answer.status === 202,
      saw: `${answer.status} in ${answer.ms} ms`,
    });
    return waitFor(stage, {
      slug: BRANCH,
      until: ({ phase }) => phase === 'gone',
      onPhase: ({ phase }) => say(`  ${phase}`),
      withinMs: 120_000,
    });
  });
  check(tally, {
    what: 'the environment is gone',
    holds: result?.phase === 'gone',
    saw: `after ${(ms / 1000).toFixed(1)} s`,
  });
  const left = stage.azure.credentials(IDENTITY).length;
  check(tally, { what: 'no federated credential is left', holds: left === 0, saw: String(left) });
  const namespaces = (await listEnvironmentNamespaces(stage)).filter((name) => name !== `feature-${FOREIGN}`);
  check(tally, { what: 'no namespace is left', holds: namespaces.length === 0, saw: namespaces.join(', ') || 'none' });
}

function branchesOf(stage: Stage): string[] {
  return stage.github.repositories[0]?.branches ?? [];
}

/** The app's log tells when the request of a redelivery was handled. */
async function waitUntilHandled(stage: Stage): Promise<void> {
  const from = stage.log.length;
  const deadline = performance.now() + 20_000;
  const isHandled = () => stage.log.slice(from).some((line) => line.includes('applied') && line.includes(BRANCH));
  while (!isHandled() && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 50));
}

function outcomeOf(record: EnvironmentRecord | undefined, seconds: string): string {
  const why = record?.error?.message ?? record?.refused?.reason ?? record?.waitingOn;
  return why === undefined ? `${seconds} s after the push` : `${record?.phase}: ${why}`;
}

function countKinds(record: EnvironmentRecord | undefined): string {
  const counts = new Map<string, number>();
  for (const { kind } of record?.inventory ?? []) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return [...counts].map(([kind, count]) => `${count} ${kind}`).join(', ');
}
