import { newRecord } from '../../environment/model/record-event.ts';
import { quote, type Refusal } from '../../environment/model/guards.ts';
import type { EnvironmentRecord } from '../../environment/model/record.ts';
import { type EnvironmentRequest, newRequest } from '../../environment/model/request.ts';
import { findRenamed } from '../../environment/find-record.ts';
import { guardClaim } from '../../environment/plan.ts';
import { renderDraft } from '../../environment/steps/render.ts';
import { readEnvironment } from '../../environment/status.ts';
import { toLogFields, toProvisionerError } from '../../errors.ts';
import { type Answer, failed, failedInside, queued } from '../answer.ts';
import { guardRequest, refused } from '../manual.ts';
import { type Identified, identify } from './identify-job.ts';
import type { WorkflowCall, WorkflowDeps } from './ports.ts';
import { type Wanted, readWanted } from './wanted.ts';

const MAX_WAIT_S = 60;
const POLL_MS = 1_000;

/** One call of a GitHub Actions job for the environment of its own branch: provision, status or deprovision. */
export async function receiveWorkflow(deps: WorkflowDeps, call: WorkflowCall): Promise<Answer> {
  const { requestId } = call;
  try {
    const asked = await identify(deps, call);
    if (asked.kind === 'answer') return asked.answer;
    if (call.method === 'GET') return await answerStatus(deps, { ...asked, call });
    const wanted = call.method === 'PUT' ? readWanted(deps, call.bytes) : { kind: 'wanted' as const, wait: false };
    if (wanted.kind === 'malformed')
      return failed({ status: 400, code: 'malformed', message: wanted.reason, requestId });
    return await queue(deps, { ...asked, wanted, call });
  } catch (thrown) {
    const error = toProvisionerError(thrown);
    deps.log.error('workflow call failed', { ...toLogFields(error), requestId });
    return failedInside(error, requestId);
  }
}

/** The slug of an environment that was made before its repository was renamed: it keeps it. */
async function findFormerSlug(
  deps: WorkflowDeps,
  { environment, job, fullName }: Identified,
): Promise<string | undefined> {
  const ports = { records: await deps.records(), settings: deps.environment() };
  const asked = { environment, ref: job.ref, repository: { id: job.repository.id, fullName } };
  return (await findRenamed(ports, asked, { writes: false }))?.record.name;
}

/** The record of the job's branch and its slug, which is the one that it would get where there is no record. */
async function findRecord(
  deps: WorkflowDeps,
  asked: Identified,
): Promise<{ environment: string; record: EnvironmentRecord | undefined }> {
  const { environment } = asked;
  const records = await deps.records();
  const record = await readEnvironment(records, environment);
  const former = record === undefined ? await findFormerSlug(deps, asked) : undefined;
  if (former === undefined) return { environment, record };
  return { environment: former, record: await readEnvironment(records, former) };
}

async function queue(deps: WorkflowDeps, asked: Identified & { wanted: Wanted; call: WorkflowCall }): Promise<Answer> {
  const { job, wanted, call } = asked;
  const request = newRequest(
    {
      id: deps.newId(),
      environment: asked.environment,
      repository: { id: job.repository.id, fullName: asked.fullName },
      ref: job.ref,
      reason: call.method === 'PUT' ? 'provision' : 'deprovision',
      actor: { kind: 'workflow', name: `${job.actor} (run ${job.runId})` },
      ...(wanted.imageTag !== undefined && { imageTag: wanted.imageTag }),
      ...(wanted.manifests !== undefined && { manifests: wanted.manifests?.digest ?? null }),
    },
    deps.clock.now(),
  );
  const refusal =
    guardRequest(deps.settings(), request) ?? (await guardDefault(deps, { request, fullName: asked.fullName }));
  if (refusal !== undefined) return await refused(deps, { request, refusal });
  const { environment, record: known } = await findRecord(deps, asked);
  request.environment = environment;
  const claim = guardClaim(known, newRecord(request));
  if (claim !== undefined) return await refused(deps, { request, refusal: claim });
  if (wanted.manifests) {
    const ports = { overlays: await deps.toOverlays(wanted.manifests), settings: deps.environment() };
    const rendered = renderDraft({ ports, record: known ?? newRecord(request) });
    if (rendered.kind === 'refused') return await refused(deps, { request, refusal: rendered.refusal });
    // stored before the request is queued: whoever takes it up must find them
    await (await deps.templates()).store(environment, wanted.manifests);
  }
  await (await deps.requests()).send(request);
  deps.log.info('queued', { environment, reason: request.reason, actor: request.actor });
  const accepted = queued(environment, { location: '/api/ci/environment' });
  const { at } = request;
  // lets a job tell the phases of this request from those of an earlier one
  const answer = { ...accepted, body: { ...accepted.body, at } };
  if (!wanted.wait) return answer;
  const record = await watch(deps, { environment, seconds: MAX_WAIT_S, until: isAtRest(at) });
  return record === undefined ? answer : { ...answer, body: { ...answer.body, phase: record.phase } };
}

async function guardDefault(
  deps: WorkflowDeps,
  { request, fullName }: { request: EnvironmentRequest; fullName: string },
): Promise<Refusal | undefined> {
  if (request.reason !== 'provision' || request.ref !== (await deps.defaultBranch?.(fullName))) return undefined;
  return { guard: 'branch', reason: `${quote(request.ref)} is the default branch, which never gets an environment` };
}

const isAtRest = (since: string) => (record: EnvironmentRecord | undefined) =>
  record !== undefined && record.event.at >= since && ['ready', 'failed', 'refused', 'gone'].includes(record.phase);

async function answerStatus(deps: WorkflowDeps, asked: Identified & { call: WorkflowCall }): Promise<Answer> {
  const { call, job, fullName } = asked;
  const seconds = call.wait === undefined ? 0 : Number(call.wait);
  if (!Number.isInteger(seconds) || seconds < 0 || seconds > MAX_WAIT_S)
    return failed({
      status: 400,
      code: 'malformed',
      message: `wait is not a whole number of seconds up to ${MAX_WAIT_S}`,
      requestId: call.requestId,
    });
  const { environment, record: before } = await findRecord(deps, asked);
  const record =
    seconds === 0
      ? before
      : await watch(deps, {
          environment,
          seconds,
          until: (now) => now?.phase !== before?.phase || now?.event.at !== before?.event.at,
        });
  const isOurs =
    record !== undefined &&
    guardClaim(record, { ...record, repository: { id: job.repository.id, fullName }, ref: job.ref }) === undefined;
  if (record === undefined || !isOurs) {
    const message = 'the branch has no environment; one just asked for appears when its request is taken up';
    return failed({ status: 404, code: 'not-found', message, requestId: call.requestId });
  }
  return { status: 200, body: { ...record }, headers: { 'cache-control': 'no-cache' } };
}

/** The record as it is once `until` holds, or when the seconds are over. */
async function watch(
  deps: WorkflowDeps,
  options: { environment: string; seconds: number; until: (record: EnvironmentRecord | undefined) => boolean },
): Promise<EnvironmentRecord | undefined> {
  const end = deps.clock.now() + options.seconds * 1_000;
  const records = await deps.records();
  for (;;) {
    const record = await readEnvironment(records, options.environment);
    if (options.until(record) || deps.clock.now() + POLL_MS > end) return record;
    await deps.clock.sleep(POLL_MS);
  }
}
