import { findRenamed } from '../environment/find-record.ts';
import { guardFilters, guardIdentity, guardOwner, guardProtected, type Refusal } from '../environment/model/guards.ts';
import { UNBELIEVED } from '../environment/model/desired.ts';
import { toNamespace, toSlug } from '../environment/model/names.ts';
import { newRecord, recordEvent } from '../environment/model/record-event.ts';
import { guardBranch, guardClaim, planDeprovision, planProvision } from '../environment/plan.ts';
import { type Audit, toAuditSubject } from '../environment/ports/audit.ts';
import type { Clock, Log, Ports } from '../environment/ports/ports.ts';
import type { EnvironmentRecord } from '../environment/model/record.ts';
import { type Actor, type EnvironmentRequest, newRequest } from '../environment/model/request.ts';
import { toLogFields, toProvisionerError } from '../errors.ts';
import type { IntakeSettings } from '../config.ts';
import { type Answer, failed, failedInside, queued } from './answer.ts';
import { decode, refuseOtherThanJson } from './body.ts';
import { type Manual, parseManual } from './manual-body.ts';
import { findRepository } from './repository.ts';

/** The guards may take this long before the caller is answered all the same: reconcile checks them again. */
const LOOK_MS = 3_000;

export interface ManualDeps {
  settings(): IntakeSettings;
  ports(): Promise<Ports>;
  requests(): Promise<Pick<Ports['requests'], 'send'>>;
  records(): Promise<Pick<Ports['records'], 'read'>>;
  cluster(): Promise<Pick<Ports['cluster'], 'readNamespace'>>;
  /** Whether anybody can tell if a branch exists: GitHub's credentials, or TRUST_DELIVERIES. */
  believes(): boolean;
  clock: Clock;
  newId(): string;
  log: Log;
  /** Absent in tests that need none. */
  auditTrail?: () => Promise<Audit>;
}

export interface ManualCall {
  reason: 'provision' | 'deprovision';
  bytes: Uint8Array;
  /** As the caller sends it; a page of another site can send neither this type nor none without being asked first. */
  contentType?: string;
  /** The address of a status, for the slug put behind it. */
  statusUrl: string;
  requestId: string;
  /** Who asks, where it is known better than by the function's key. */
  actor?: Actor;
}

/** A person asks: the guards are looked at, then a request is queued, or with dryRun the plan is answered. */
export async function receiveManual(deps: ManualDeps, call: ManualCall): Promise<Answer> {
  const { requestId } = call;
  try {
    const wrong = refuseOtherThanJson(call);
    if (wrong !== undefined) return wrong;
    const settings = deps.settings();
    const manual = readManual(settings, call);
    if ('malformed' in manual) return failed({ status: 400, code: 'malformed', message: manual.malformed, requestId });
    const request = toRequest(deps, { manual, call });
    const refusal = guardRequest(settings, request);
    if (refusal !== undefined) return await refused(deps, { request, refusal });
    if (request.reason === 'provision' && !deps.believes())
      return await refused(deps, { request, refusal: { guard: 'branch', reason: UNBELIEVED } });
    const stored = await (await deps.records()).read(request.environment);
    const claim = guardClaim(stored?.record, newRecord(request));
    if (claim !== undefined) return await refused(deps, { request, refusal: claim });
    if (manual.dryRun) return await plan(deps, { request, ...(stored !== undefined && { record: stored.record }) });
    const foreign = await lookAtOwner(deps, request, stored?.record);
    if (foreign !== undefined) return await refused(deps, { request, refusal: foreign });
    await (await deps.requests()).send(request);
    deps.log.info('queued', { environment: request.environment, reason: request.reason });
    return queued(request.environment, { location: call.statusUrl + request.environment });
  } catch (thrown) {
    const error = toProvisionerError(thrown);
    deps.log.error('manual call failed', { ...toLogFields(error), requestId });
    return failedInside(error, requestId);
  }
}

type Read = Manual & { prefix?: string };

function readManual(settings: IntakeSettings, call: ManualCall): Read | { malformed: string } {
  const text = decode(call.bytes);
  if (text === undefined) return { malformed: 'the body is not UTF-8' };
  if (text === '')
    return { malformed: 'the body is empty; one sent chunked arrives empty: send {"branch":"…"} with Content-Length' };
  const manual = parseManual(text, call.reason);
  if ('malformed' in manual) return manual;
  const [only, ...others] = settings.repositories;
  const fullName = manual.repository ?? (others.length === 0 ? only?.fullName : undefined);
  if (fullName === undefined) {
    return {
      malformed: `repository is missing: ${settings.repositories.length} are configured in GITHUB_REPOSITORIES`,
    };
  }
  const configured = findRepository(settings, fullName);
  if (configured === undefined) return { malformed: 'repository is not in GITHUB_REPOSITORIES' };
  return {
    ...manual,
    repository: configured.fullName,
    ...(configured.prefix !== undefined && { prefix: configured.prefix }),
  };
}

function toRequest(deps: ManualDeps, input: { manual: Read; call: ManualCall }): EnvironmentRequest {
  const { manual, call } = input;
  const fullName = manual.repository ?? '';
  return newRequest(
    {
      id: deps.newId(),
      environment: toSlug({
        repository: fullName,
        ref: manual.branch,
        prefix: manual.prefix,
        reserved: deps.settings().reservedHosts,
      }),
      repository: { fullName },
      ref: manual.branch,
      reason: call.reason,
      actor: call.actor ?? { kind: 'key', name: call.reason },
      ...(manual.imageTag !== undefined && { imageTag: manual.imageTag }),
      ...(manual.adopt === true && { adopt: manual.adopt }),
    },
    deps.clock.now(),
  );
}

/** The guards that need nothing but the settings. */
export function guardRequest(settings: IntakeSettings, request: EnvironmentRequest): Refusal | undefined {
  const { environment: slug, ref } = request;
  const isProtected = guardProtected({ namespace: toNamespace(slug), slug, ref }, settings.protectedNamespaces);
  if (isProtected !== undefined || request.reason === 'deprovision') return isProtected;
  return guardFilters(ref, settings);
}

/** The owner of the live namespace; a cluster out of reach says nothing, and reconcile asks it again. */
async function lookAtOwner(
  deps: ManualDeps,
  request: EnvironmentRequest,
  record: EnvironmentRecord | undefined,
): Promise<Refusal | undefined> {
  const namespace = toNamespace(request.environment);
  try {
    const cluster = await deps.cluster();
    const live = await Promise.race([cluster.readNamespace(namespace), deps.clock.sleep(LOOK_MS)]);
    if (live === undefined) return undefined;
    const repository = record?.repository ?? request.repository;
    const known = { ...(record ?? { name: request.environment }), ...(request.adopt && { adopt: request.adopt }) };
    return guardOwner(live, { repository, ref: request.ref, slug: request.environment }) ?? guardIdentity(live, known);
  } catch (thrown) {
    deps.log.warn('guards not checked', { environment: request.environment, ...toLogFields(thrown) });
    return undefined;
  }
}

async function plan(
  deps: ManualDeps,
  input: { request: EnvironmentRequest; record?: EnvironmentRecord },
): Promise<Answer> {
  const { request } = input;
  const ports = await deps.ports();
  const known = input.record ?? (await findRenamed(ports, request, { writes: false }))?.record;
  const before = known === undefined || known.phase === 'gone' ? newRecord(request) : known;
  const { record } = recordEvent(before, request, ports.settings);
  const isWanted = request.reason === 'provision';
  const gone = isWanted ? await guardBranch(ports, record) : undefined;
  if (gone !== undefined) return await refused(deps, { request, refusal: gone });
  const planned = await (isWanted ? planProvision(ports, record) : planDeprovision(ports, record));
  if (planned.kind === 'refused') return await refused(deps, { request, refusal: planned.refusal });
  const changes = planned.changes.map(({ object, action, reason, count }) => ({
    object,
    action,
    ...(count !== undefined && { count }),
    ...(reason !== undefined && { reason }),
  }));
  return { status: 200, body: { outcome: 'planned', environment: record.name, changes, validated: planned.validated } };
}

/** A refusal, logged, written into the audit trail and answered. */
export async function refused(
  deps: { log: Log; auditTrail?: (() => Promise<Audit>) | undefined },
  input: { request: EnvironmentRequest; refusal: Refusal },
): Promise<Answer> {
  const { guard, reason } = input.refusal;
  const audit = await deps.auditTrail?.();
  const { reason: action } = input.request;
  audit?.note({ ...toAuditSubject(input.request), action, result: 'refused', reason: `${guard}: ${reason}` });
  await audit?.flush();
  deps.log.warn('refused', { environment: input.request.environment, guard, reason });
  return { status: 409, body: { outcome: 'refused', guard, reason } };
}
