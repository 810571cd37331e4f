import type { IntakeSettings } from '../../config.ts';
import { toSlug } from '../../environment/model/names.ts';
import { newRecord } from '../../environment/model/record-event.ts';
import { quote } from '../../environment/model/guards.ts';
import type { EnvironmentRecord, Refusal } from '../../environment/model/record.ts';
import { type EnvironmentRequest, newRequest } from '../../environment/model/request.ts';
import { guardClaim } from '../../environment/plan.ts';
import type { EnvironmentSettings } from '../../environment/model/settings.ts';
import type { Audit } from '../../environment/ports/audit.ts';
import type { BranchTemplates, Clock, Log, Overlays, Ports, Records } from '../../environment/ports/ports.ts';
import { renderDraft } from '../../environment/steps/render.ts';
import { readEnvironment } from '../../environment/status.ts';
import { toLogFields, toProvisionerError } from '../../errors.ts';
import { type Answer, failed, failedInside, queued } from '../answer.ts';
import { decode, parse } from '../body.ts';
import { type BranchManifests, readBranchManifests } from './branch-manifests.ts';
import { isObject } from '../webhook/delivery.ts';
import { guardRequest, refused } from '../manual.ts';
import { checkBranchName } from '../webhook/ref-name.ts';
import { type VerifyToken, type WorkflowJob, readWorkflowClaims } from './workflow-claims.ts';

export interface WorkflowDeps {
  settings(): IntakeSettings;
  workflows(): { admits: (workflow: string) => boolean; manifests: boolean };
  verify: VerifyToken;
  /** The id that the repository of this name is known by, learnt from the first token where nothing knew one. */
  repositoryId(fullName: string, stated: number): Promise<number>;
  /** The repository id and branch of a pull request's head; undefined without GitHub credentials. */
  pullRequestHead(repository: string, number: number): Promise<{ repositoryId: number; ref: string } | undefined>;
  /** The default branch, where GitHub can be asked: no token states it, and DEFAULT_BRANCHES may not hold it. */
  defaultBranch?(repository: string): Promise<string | undefined>;
  templates(): Promise<BranchTemplates>;
  toOverlays(manifests: BranchManifests): Promise<Overlays>;
  environment(): EnvironmentSettings;
  records(): Promise<Pick<Records, 'read'>>;
  requests(): Promise<Pick<Ports['requests'], 'send'>>;
  clock: Clock;
  newId(): string;
  log: Log;
  /** Absent in tests that need none. */
  auditTrail?: () => Promise<Audit>;
}

export interface WorkflowCall {
  method: string;
  authorization: string | undefined;
  bytes: Uint8Array;
  /** Seconds that a GET may be held open. */
  wait: string | undefined;
  requestId: string;
}

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

type Identified = { kind: 'job'; job: WorkflowJob; environment: string; fullName: string };

/** Whose the call is: the token is verified, then its repository must be configured and still be the same one. */
async function identify(
  deps: WorkflowDeps,
  { authorization, requestId }: WorkflowCall,
): Promise<Identified | { kind: 'answer'; answer: Answer }> {
  const no = (status: number, code: string, message: string) => {
    deps.log.warn('workflow refused', { status, reason: message });
    return { kind: 'answer' as const, answer: failed({ status, code, message, requestId }) };
  };
  const token = /^Bearer ([\w-]+\.[\w-]+\.[\w-]*)$/i.exec(authorization ?? '')?.[1];
  if (token === undefined)
    return no(
      401,
      'unauthorized',
      'send Authorization: Bearer with the job’s OIDC token (permissions: id-token: write)',
    );
  const verified = await deps.verify(token);
  if (verified.kind === 'unavailable') return no(503, 'unavailable', `${verified.why}; try again`);
  if (verified.kind === 'invalid') return no(401, 'unauthorized', verified.reason);
  const claims = readWorkflowClaims(verified.claims, deps.workflows().admits);
  if (claims.kind === 'refused') return no(403, 'forbidden', claims.reason);
  const { job } = claims;
  const configured = await findConfigured(deps, job);
  if (configured === undefined)
    return no(
      403,
      'forbidden',
      'the repository of this job is not in GITHUB_REPOSITORIES, or is another one of that name',
    );
  const malformed = checkBranchName(job.ref);
  if (malformed !== undefined) return no(403, 'forbidden', `the token’s ${malformed}`);
  if (job.pullRequest !== undefined) {
    const head = await deps.pullRequestHead(configured.fullName, job.pullRequest);
    if (head === undefined)
      return no(
        403,
        'forbidden',
        'a token does not say whether its pull request is from a fork, and without GitHub credentials nobody does: run the job on push',
      );
    if (head.repositoryId !== job.repository.id || head.ref !== job.ref)
      return no(
        403,
        'forbidden',
        'the pull request is from a fork: only branches of this repository have environments',
      );
  }
  const { fullName, prefix } = configured;
  const { reservedHosts: reserved } = deps.settings();
  return { kind: 'job', job, fullName, environment: toSlug({ repository: fullName, ref: job.ref, prefix, reserved }) };
}

/** By name until the repository's id is known, and by id from then on: names can be taken over. */
async function findConfigured(
  deps: WorkflowDeps,
  { repository }: WorkflowJob,
): Promise<IntakeSettings['repositories'][number] | undefined> {
  const { repositories } = deps.settings();
  // a renamed repository keeps its id and may state a name that the settings don't know yet, or know as another's
  for (const configured of repositories)
    if ((await deps.repositoryId(configured.fullName, 0)) === repository.id) return configured;
  const named = repositories.find(({ fullName }) => fullName.toLowerCase() === repository.fullName.toLowerCase());
  if (named === undefined) return undefined;
  return (await deps.repositoryId(named.fullName, repository.id)) === repository.id ? named : undefined;
}

interface Wanted {
  kind: 'wanted';
  imageTag?: string;
  /** `null` goes back to the app's overlays. */
  manifests?: BranchManifests | null;
  wait: boolean;
}

const FIELDS = ['imageTag', 'manifests', 'wait'];

function readWanted(deps: WorkflowDeps, bytes: Uint8Array): Wanted | { kind: 'malformed'; reason: string } {
  const malformed = (reason: string) => ({ kind: 'malformed' as const, reason });
  const text = decode(bytes);
  if (text === undefined) return malformed('the body is not UTF-8');
  const parsed = text === '' ? { payload: {} } : parse(text);
  if ('malformed' in parsed) return malformed(parsed.malformed);
  if (!isObject(parsed.payload)) return malformed('the body is not a JSON object');
  const { imageTag, manifests, wait } = parsed.payload;
  const unknown = Object.keys(parsed.payload).find((field) => !FIELDS.includes(field));
  if (unknown !== undefined)
    return malformed(`field ${JSON.stringify(unknown.slice(0, 40))} is not known; the fields are ${FIELDS.join(', ')}`);
  if (imageTag !== undefined && (typeof imageTag !== 'string' || !/^\w[\w.-]{0,127}$/.test(imageTag)))
    return malformed('imageTag is not an image tag: a letter, digit or _ and up to 127 of letters, digits, _ . -');
  if (wait !== undefined && typeof wait !== 'boolean') return malformed('wait is neither true nor false');
  const wanted: Wanted = { kind: 'wanted', wait: wait === true, ...(imageTag !== undefined && { imageTag }) };
  if (manifests === undefined) return wanted;
  if (!deps.workflows().manifests) return malformed('manifests are not taken: BRANCH_MANIFESTS is not true');
  if (manifests === null) return { ...wanted, manifests: null };
  const read = readBranchManifests(manifests);
  return read.kind === 'malformed' ? malformed(read.reason) : { ...wanted, manifests: read.manifests };
}

async function queue(deps: WorkflowDeps, asked: Identified & { wanted: Wanted; call: WorkflowCall }): Promise<Answer> {
  const { job, environment, wanted, call } = asked;
  const request = newRequest(
    {
      id: deps.newId(),
      environment,
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
  const stored = await (await deps.records()).read(environment);
  const claim = guardClaim(stored?.record, newRecord(request));
  if (claim !== undefined) return await refused(deps, { request, refusal: claim });
  if (wanted.manifests) {
    const ports = { overlays: await deps.toOverlays(wanted.manifests), settings: deps.environment() };
    const rendered = renderDraft({ ports, record: stored?.record ?? newRecord(request) });
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

async function answerStatus(
  deps: WorkflowDeps,
  { environment, call, job, fullName }: Identified & { call: WorkflowCall },
): Promise<Answer> {
  const seconds = call.wait === undefined ? 0 : Number(call.wait);
  if (!Number.isInteger(seconds) || seconds < 0 || seconds > MAX_WAIT_S)
    return failed({
      status: 400,
      code: 'malformed',
      message: `wait is not a whole number of seconds up to ${MAX_WAIT_S}`,
      requestId: call.requestId,
    });
  const before = await readEnvironment(await deps.records(), environment);
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
