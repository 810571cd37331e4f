import { MAX_CREDENTIALS, parseLedger } from '../../../lib/identity/ledger/ledger.ts';
import type { EnvironmentRecord } from '../../../lib/environment/model/record.ts';
import { namespaceAt } from '../../support/fakes/cluster-state.ts';
import { ledgerOf } from './check-credential.ts';
import { isOurs } from './invariants.ts';
import { type Wish, claimOf, desiredOf, isWanting } from './oracle.ts';
import { violate } from '.././stage.ts';
import type { World } from '.././world.ts';

/** Once faults have ended and everybody was asked for: cluster, credentials and records are what the table says. */
export function checkEnd(world: World): void {
  const { stage, store, queue } = world;
  for (const { request, isPoison } of queue.messages) {
    const { phase, waitingFor } = store.blobs.get(request.environment)?.record ?? {};
    const waits = phase === 'waiting' && waitingFor !== 'namespace-terminating';
    if (!isPoison && isUnknowable(world, request)) continue;
    if (isPoison || !waits)
      violate(
        stage,
        'everyRequestEnds',
        `${request.id} ${request.reason} ${request.environment} is still on the queue`,
      );
  }
  checkHandled(world);
  if (stage.options.mode === 'observe' || stage.options.policies === 'unbound') return;
  for (const { record } of store.blobs.values()) checkRecord(world, record);
  checkLedgers(world);
  for (const name of world.cluster.namespaces.keys()) {
    const found = namespaceAt(world.cluster, name);
    const isMarked = found?.live.labels['app.kubernetes.io/managed-by'] !== undefined && found.isRestored !== true;
    if (isMarked && !store.blobs.has(name.slice('feature-'.length)))
      violate(stage, 'endNamespaces', `${name} has no record`);
  }
  for (const request of queue.accepted) {
    const outcome = world.outcomes.get(request.id);
    // the removal of what never was leaves no record
    const isIdle = !isWanting(request.reason) && outcome?.has('nothing-to-do') === true;
    if (store.blobs.has(request.environment) || outcome?.has('refused') === true || isIdle) continue;
    const wishes = desiredOf(world, claimOf(request));
    const isElsewhere = [...store.blobs.values()].some(({ record }) => record.ref === request.ref);
    if (!isElsewhere && !wishes.has('absent')) violate(stage, 'endRecords', `${request.environment} has no record`);
  }
}

/** Every accepted request was handled, or is poisoned and its record says so. */
function checkHandled({ stage, store, queue, outcomes, abandoned }: World): void {
  const left = new Set([...queue.messages].map(({ request }) => request.id));
  for (const { id, reason, environment, ref } of queue.accepted) {
    if (left.has(id) || outcomes.has(id)) continue;
    const isPoisoned = abandoned.get(id) === 'written' || abandoned.get(id) === 'newer';
    // a repository that was renamed keeps the records that it has
    const hasRecord =
      store.blobs.has(environment) || [...store.blobs.values()].some(({ record }) => record.ref === ref);
    if (!isPoisoned || !hasRecord)
      violate(stage, 'everyRequestEnds', `${id} ${reason} ${environment} was neither handled nor abandoned`);
  }
}

function checkRecord(world: World, record: EnvironmentRecord): void {
  const { stage, cluster } = world;
  const { name, namespace, phase } = record;
  // while GitHub's answer is unknown nothing is written, and no credential removed
  if (isUnknowable(world, record)) return;
  const found = namespaceAt(cluster, namespace);
  const isTheirs = found !== undefined && !isOurs(found, record);
  const credentials = world.arm.identities.flatMap(({ id, held }) =>
    [...held.values()].filter(({ subject }) => subject.startsWith(`system:serviceaccount:${namespace}:`)).map(() => id),
  );
  if (isTheirs) {
    if (credentials.length > 0) violate(stage, 'endCredentials', `${namespace} is not ours and has a credential`);
    return;
  }
  const wishes = desiredOf(world, claimOf(record));
  const now: Wish | undefined =
    phase === 'ready' || phase === 'waiting' || phase === 'refused'
      ? 'present'
      : phase === 'gone'
        ? 'absent'
        : undefined;
  if (now === undefined) return violate(stage, 'endRecords', `${name} ends ${phase}: ${record.error?.message ?? ''}`);
  if (!wishes.has(now))
    return violate(stage, 'endIsTheTable', `${name} ends ${phase}, and the table says ${[...wishes].join(' or ')}`);
  if (now === 'absent') {
    if (found !== undefined && found.isRestored !== true)
      violate(stage, 'endNamespaces', `${name} is gone, its namespace is not`);
    if (credentials.length > 0) violate(stage, 'endCredentials', `${name} is gone and has a credential`);
    return;
  }
  if (phase === 'waiting') return checkWaiting(world, record);
  if (phase === 'refused') {
    if (record.refused?.guard !== 'credential')
      violate(stage, 'endRecords', `${name} ends refused by ${record.refused?.guard ?? ''}`);
    return;
  }
  // somebody else took the name of its credential: what stands keeps standing, and the record says so
  if (record.refused?.guard !== 'credential') checkPresent(world, record, credentials);
}

/** A repository that no delivery gave an id, and whose name changed: GitHub's answers prove nothing, so it is asked for a day. */
function isUnknowable({ stage, github }: World, { repository }: Pick<EnvironmentRecord, 'repository'>): boolean {
  const isRenamed = github.repositories.some(({ formerNames }) => formerNames.includes(repository.fullName));
  return stage.options.github && repository.id === undefined && isRenamed;
}

function checkPresent(world: World, record: EnvironmentRecord, credentials: string[]): void {
  const { stage, cluster, template } = world;
  const { name, namespace } = record;
  const found = namespaceAt(cluster, namespace);
  const no = (what: string): void => violate(stage, 'endNamespaces', `${name} is ready, ${what}`);
  if (found === undefined) return no('its namespace is missing');
  if (found.live.terminating) return no('its namespace is being deleted');
  if (found.live.uid !== record.uid) no(`its record has uid ${record.uid ?? 'none'}, the namespace ${found.live.uid}`);
  const { annotations } = found.live;
  const tag = record.imageTag ?? name;
  if (annotations['feature-branch-provisioner/template'] !== `template-${template.version}`) no('its template is old');
  if (annotations['feature-branch-provisioner/image-tag'] !== tag) no('its image tag is old');
  const objects = [...found.objects.values()];
  const isWhole = objects.length === 3 && objects.some((text) => text.includes(`web:${tag}"`));
  if (!isWhole || !objects.some((text) => text.includes(`.v${template.version}.`)))
    no('its objects are not what renders');
  if (credentials.length !== 1 || credentials[0] !== record.identity)
    violate(
      stage,
      'endCredentials',
      `${name} is ready, with credentials on [${credentials.map((id) => id.slice(-6)).join()}], record ${record.identity?.slice(-6) ?? ''}`,
    );
}

function checkWaiting(world: World, record: EnvironmentRecord): void {
  const { stage, store } = world;
  const { identities } = world.arm;
  const { maxEnvironments } = stage.options;
  if (record.waitingFor === 'credential-slot') {
    const full = identities.filter(({ held }) => held.size >= MAX_CREDENTIALS);
    const isFull =
      record.identity === undefined ? full.length === identities.length : full.some(({ id }) => id === record.identity);
    // a stranger who fills an identity after its slots were reserved leaves them reserved and of no use
    if (!isFull && !world.foreign.hasFilled)
      violate(stage, 'endRecords', `${record.name} waits for a slot, and one is free`);
  } else if (record.waitingFor === 'capacity') {
    const others = [...store.blobs.values()].filter(
      ({ record: other }) => other.name !== record.name && other.phase !== 'gone',
    );
    if (others.length < (maxEnvironments ?? 0))
      violate(stage, 'endRecords', `${record.name} waits for capacity, and there is some`);
  }
}

/**
 * What was reserved before an environment was removed went with it. A process that stood still may reserve after that: such
 * a slot is dropped as soon as somebody waits for one.
 */
function checkLedgers({ stage, store, ledgers, arm }: World): void {
  for (const identity of arm.identities) {
    for (const { slug, at } of parseLedger(ledgers.blobs.get(ledgerOf(identity))?.text).reservations) {
      const record = store.blobs.get(slug)?.record;
      if (record?.phase === 'gone' && at < Date.parse(record.event.at))
        violate(stage, 'endLedgers', `${slug} is gone, and a slot is reserved for it`);
    }
  }
}
