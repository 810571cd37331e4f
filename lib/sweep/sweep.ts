import type { Actor } from '../environment/model/request.ts';
import type { LastSweep, Lease, Ports, SweepState } from '../environment/ports/ports.ts';
import { findPlan, toKey, toLimit, toPlan, withPlan } from './deletion-limit.ts';
import { each, eachAtOnce } from './each.ts';
import { type Ask, type Deletion, type Findings, toFindings } from './findings.ts';
import { removeOrphan } from './orphans.ts';
import { SWEEP, checkHealth, send } from './requests.ts';
import { type Survey, takeSurvey } from './survey.ts';
import { collectUploads } from './uploads.ts';

export interface Swept {
  /** `busy`: another sweep was at work, and this one did nothing. */
  kind: 'swept' | 'busy';
  looked: number;
  queued: string[];
  removed: string[];
  /** Federated credentials of environments that are gone, as `FederatedCredential/identity/name`. */
  orphans: string[];
  /** Manifests of branches that no record named, as `slug/digest`. */
  uploads: string[];
  failed: number;
  /** How many environments are in each phase. */
  phases: Record<string, number>;
  /** Credential slots of the pool; absent where it was not listed. */
  slots?: { used: number; free: number };
  /** Repositories whose branches could not be listed: none of theirs was judged by a list. */
  unlisted: Survey['unlisted'];
  /** More would go than SWEEP_MAX_DELETIONS allows, so nothing was deleted. */
  held?: { deletions: number; limit: number; planId: string };
  /** Failed webhook deliveries that GitHub was asked to send again. */
  redelivered: number;
  /** MODE=observe: what would have been deleted. */
  would?: LastSweep['would'];
}

export interface Planned {
  kind: 'planned';
  planId: string;
  deletions: Deletion[];
  asks: Ask[];
  limit: number;
  unlisted: Survey['unlisted'];
}

export type Refused = { kind: 'refused'; reason: string };

/**
 * Compares records, branches, namespaces and credentials, and queues what differs. Reconcile decides on each by its own
 * guards; nothing is deleted on the word of a list alone. A second sweep at the same time leaves the work to the first.
 */
export async function sweep(ports: Ports): Promise<Swept> {
  return underLease(ports, async ({ state, lease }) => {
    const { survey, findings } = await compare(ports);
    return carryOut(ports, { state, lease, survey, findings });
  });
}

/** What a sweep would do, and a plan that can be confirmed. */
export async function planSweep(ports: Ports): Promise<Planned | Swept> {
  return underLease(ports, async ({ state, lease }) => {
    const { survey, findings } = await compare(ports);
    const { deletions, asks } = findings;
    const now = ports.clock.now();
    const plan = toPlan(deletions, { id: ports.newId(), now });
    await ports.sweeps.write(withPlan(state, plan, now), lease);
    const limit = toLimit(findings, ports.settings);
    return { kind: 'planned', planId: plan.id, deletions, asks, limit, unlisted: survey.unlisted };
  });
}

/** Lets exactly the plan's set go, as far as each is still to go. */
export async function confirmSweep(ports: Ports, planId: string, actor?: Actor): Promise<Refused | Swept> {
  return underLease(ports, (held) => confirm(ports, { ...held, planId, actor }));
}

async function compare(ports: Ports): Promise<{ survey: Survey; findings: Findings }> {
  const survey = await takeSurvey(ports);
  const context = { settings: ports.settings, now: ports.clock.now(), template: ports.overlays.hash };
  return { survey, findings: toFindings(survey, context) };
}

async function underLease<T>(
  ports: Ports,
  work: (held: { state: SweepState; lease: Lease }) => Promise<T>,
): Promise<T | Swept> {
  const leased = await ports.sweeps.lease();
  if (leased.kind === 'busy') {
    ports.log.info('another sweep is at work');
    return startSwept('busy');
  }
  try {
    return await work({ state: await ports.sweeps.read(), lease: leased.lease });
  } finally {
    await leased.lease.release();
    await ports.audit?.flush();
  }
}

interface Work {
  state: SweepState;
  lease: Lease;
  survey: Survey;
  findings: Findings;
}

async function carryOut(ports: Ports, { state, lease, survey, findings }: Work): Promise<Swept> {
  const swept = startSwept('swept', survey);
  const now = ports.clock.now();
  const { deletions } = findings;
  const limit = toLimit(findings, ports.settings);
  let next: SweepState = { ...state };
  delete next.held;
  if (deletions.length > limit) {
    const plan = toPlan(deletions, { id: ports.newId(), now });
    swept.held = { deletions: deletions.length, limit, planId: plan.id };
    next = { ...withPlan(next, plan, now), held: { at: plan.at, ...swept.held } };
    const reason = `${deletions.length} deletions, SWEEP_MAX_DELETIONS allows ${limit}`;
    ports.audit?.note({ actor: SWEEP, action: 'sweep-held', result: 'decided', reason, object: `plan ${plan.id}` });
    ports.log.error('nothing deleted: more would go than SWEEP_MAX_DELETIONS allows', {
      ...swept.held,
      of: findings.living,
      deletions: deletions.slice(0, 100).map(({ kind, slug }) => `${slug} (${kind})`),
      fix: 'if they are to go, confirm the plan: POST /api/sweep {"confirm":"<planId>"}',
    });
  } else await deleteAll(ports, { swept, deletions, at: survey.at });
  await eachAtOnce(ports, swept, findings.asks, (ask) => send(ports, { swept, ask, at: survey.at }));
  await checkHealth(ports, { swept, records: survey.records, asks: findings.asks });
  await each(ports, swept, findings.unreadable, async (slug) => {
    const stored = await ports.records.read(slug);
    if (stored === undefined) return;
    const { repository, ref } = stored.record;
    await send(ports, {
      swept,
      ask: { slug, repository, ref, reason: 'sweep', why: 'its list entry is damaged' },
      at: now,
    });
  });
  await each(ports, swept, findings.tombstones, (slug) => removeTombstone(ports, { swept, slug }));
  await each(ports, swept, ['manifests of branches'], () => collect(ports, { swept, survey }));
  await redeliver(ports, { swept, state: next });
  next.last = toLast(swept, now);
  await ports.sweeps.write(next, lease);
  report(ports, swept);
  return swept;
}

/** Of what would have been deleted, in the state of sweeps. */
const KEPT_DELETIONS = 100;

function toLast(swept: Swept, now: number): LastSweep {
  const { looked, queued, removed, orphans, failed, redelivered, unlisted } = swept;
  const counts = { queued: queued.length, removed: removed.length, orphans: orphans.length };
  const would = swept.would?.slice(0, KEPT_DELETIONS);
  return { at: new Date(now).toISOString(), looked, ...counts, failed, redelivered, unlisted, ...(would && { would }) };
}

/** Exactly the confirmed set, as far as each is still to go. */
async function confirm(
  ports: Ports,
  { state, lease, planId, actor }: { state: SweepState; lease: Lease; planId: string; actor: Actor | undefined },
): Promise<Refused | Swept> {
  const now = ports.clock.now();
  const found = findPlan(state, planId, now);
  const line = { actor, action: 'sweep-confirmed', object: `plan ${planId}` } as const;
  if (found.kind === 'refused') {
    ports.audit?.note({ ...line, result: 'refused', reason: found.reason });
    return found;
  }
  const { survey, findings } = await compare(ports);
  const chosen = findings.deletions.filter((deletion) => found.plan.deletions.includes(toKey(deletion)));
  // written first: a plan that may have been carried out can't be confirmed again
  const plans = state.plans.map((one) =>
    one.id === planId ? { ...one, confirmedAt: new Date(now).toISOString() } : one,
  );
  const next: SweepState = { ...state, plans };
  delete next.held;
  await ports.sweeps.write(next, lease);
  const swept = startSwept('swept', survey);
  ports.audit?.note({ ...line, result: 'accepted', reason: `${chosen.length} deletions` });
  ports.log.warn('deletions confirmed', { planId, planned: found.plan.deletions.length, still: chosen.length });
  await deleteAll(ports, { swept, deletions: chosen, at: survey.at });
  report(ports, swept);
  return swept;
}

function startSwept(kind: Swept['kind'], survey?: Survey): Swept {
  const { records = [], failed = 0, slots, unlisted = [] } = survey ?? {};
  const phases: Record<string, number> = {};
  for (const { phase } of records) phases[phase] = (phases[phase] ?? 0) + 1;
  const none = { queued: [], removed: [], orphans: [], uploads: [], redelivered: 0 };
  return { kind, looked: records.length, ...none, failed, phases, unlisted, ...(slots !== undefined && { slots }) };
}

async function deleteAll(
  ports: Ports,
  { swept, deletions, at }: { swept: Swept; deletions: readonly Deletion[]; at: number },
): Promise<void> {
  if (ports.settings.mode === 'observe')
    swept.would = deletions.map(({ slug, kind, why }) => ({ environment: slug, kind, why }));
  await each(ports, swept, deletions, async ({ ask, orphan, why }) => {
    if (ask !== undefined) await send(ports, { swept, ask, at });
    // the one thing that a sweep deletes itself: no environment is left that could be asked for
    if (orphan === undefined || ports.settings.mode !== 'apply') return;
    const removed = await removeOrphan(ports, orphan);
    swept.orphans.push(...removed);
    for (const object of removed) {
      const line = { actor: SWEEP, environment: orphan.slug, action: 'credential-removed', result: 'done' } as const;
      ports.audit?.note({ ...line, object, reason: why });
    }
  });
}

async function collect(ports: Ports, { swept, survey }: { swept: Swept; survey: Survey }): Promise<void> {
  swept.uploads.push(...(await collectUploads(ports, survey.records)));
}

async function removeTombstone(ports: Ports, { swept, slug }: { swept: Swept; slug: string }): Promise<void> {
  const stored = await ports.records.read(slug);
  if (stored?.record.phase !== 'gone') return;
  await ports.records.remove(slug, stored.etag);
  swept.removed.push(slug);
}

async function redeliver(ports: Ports, { swept, state }: { swept: Swept; state: SweepState }): Promise<void> {
  const { deliveries, settings, clock, log } = ports;
  if (deliveries === undefined || settings.mode === 'observe') return;
  const now = clock.now();
  const { redelivered, why } = await deliveries.redeliverFailed(state.deliveriesAt);
  swept.redelivered = redelivered;
  if (why === undefined) state.deliveriesAt = new Date(now).toISOString();
  else log.warn('failed deliveries not redelivered', { why });
}

function report(ports: Ports, swept: Swept): void {
  const { looked, failed, phases, slots, redelivered, held, would } = swept;
  const [queued, removed, orphans] = [swept.queued.length, swept.removed.length, swept.orphans.length];
  ports.log.info('swept', {
    looked,
    queued,
    removed,
    orphans,
    failed,
    phases,
    redelivered,
    ...(held && { held }),
    ...(slots && { slots }),
    ...(would && { would }),
  });
}
