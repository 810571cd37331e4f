import { hash } from 'node:crypto';
import { guardFilters, guardProtected } from '../../environment/model/guards.ts';
import { toNamespace, toSlug } from '../../environment/model/names.ts';
import type { Clock, Log, Requests } from '../../environment/ports/ports.ts';
import { DIGEST_LENGTH, type EnvironmentRequest, newRequest } from '../../environment/model/request.ts';
import { toLogFields, toProvisionerError } from '../../errors.ts';
import type { IntakeSettings } from '../../config.ts';
import { type Answer, failed, failedInside, ignored, queued } from '../answer.ts';
import { readPayload, toMediaType } from '../body.ts';
import { type Delivery, parseDelivery } from './delivery.ts';
import { findRepository } from '../repository.ts';
import { isSigned } from './signature.ts';

const MAX_BYTES = 1024 * 1024;

export interface WebhookDeps {
  /** Throws `settings` where no secret counts. */
  secrets(): readonly string[];
  settings(): IntakeSettings;
  requests(): Promise<Pick<Requests, 'send'>>;
  clock: Pick<Clock, 'now'>;
  newId(): string;
  log: Log;
}

export interface Received {
  /** By lower-case name; undefined where the header is missing. */
  header: (name: string) => string | undefined;
  bytes: Uint8Array;
  requestId: string;
}

/** Verifies a delivery, decides, and puts a request on the queue: all that is done before GitHub is answered. */
export async function receiveWebhook(deps: WebhookDeps, received: Received): Promise<Answer> {
  const { requestId } = received;
  try {
    const decided = decideOnDelivery(deps, received);
    if ('status' in decided) return decided;
    await (await deps.requests()).send(decided);
    const { environment, deliveryId, reason } = decided;
    deps.log.info('queued', { environment, deliveryId, reason });
    return queued(environment, { ...(deliveryId !== undefined && { deliveryId }) });
  } catch (thrown) {
    const error = toProvisionerError(thrown);
    deps.log.error('delivery failed', { ...toLogFields(error), requestId });
    // whatever keeps a request off the queue: GitHub must show a failed delivery that can be redelivered
    if (error.code === 'settings' || error.code === 'internal') return failedInside(error, requestId);
    return failed({
      status: 503,
      code: 'unavailable',
      message:
        'the queue cannot be reached; redeliver it in GitHub (the sweep fetches the failed deliveries of a GitHub App)',
      requestId,
    });
  }
}

/** A request for the queue, or the answer where there is nothing to queue. Reads no peer. */
export function decideOnDelivery(deps: Omit<WebhookDeps, 'requests'>, received: Received): EnvironmentRequest | Answer {
  const { bytes, requestId, header } = received;
  const no = (status: number, code: string, message: string): Answer => {
    deps.log.warn('delivery refused', { status, code, message, requestId });
    return failed({ status, code, message, requestId });
  };
  const secrets = deps.secrets();
  if (bytes.byteLength > MAX_BYTES) return no(413, 'too-large', 'the body is over 1 MiB');
  if (bytes.byteLength === 0) {
    return no(400, 'malformed', 'the body is empty; one sent chunked arrives empty: send it with Content-Length');
  }
  if (!isSigned(bytes, { signature: header('x-hub-signature-256'), secrets })) {
    return no(401, 'unauthorized', 'X-Hub-Signature-256 is missing or does not fit the body and the secret');
  }
  const mediaType = toMediaType(header('content-type'));
  if (mediaType === undefined) {
    return no(415, 'media-type', 'Content-Type is neither application/json nor application/x-www-form-urlencoded');
  }
  const event = header('x-github-event');
  const deliveryId = header('x-github-delivery');
  if (event === undefined || event === '') return no(400, 'malformed', 'the header X-GitHub-Event is missing');
  if (deliveryId === undefined || !/^[\w-]{1,100}$/.test(deliveryId)) {
    return no(400, 'malformed', 'the header X-GitHub-Delivery is missing or not an id');
  }
  const read = readPayload(bytes, mediaType);
  if ('malformed' in read) return no(400, 'malformed', read.malformed);
  if (event === 'ping') return { status: 200, body: { outcome: 'pong' } };
  const parsed = parseDelivery(event, read.payload);
  if ('malformed' in parsed) return no(400, 'malformed', parsed.malformed);
  const toIgnore = 'ignored' in parsed ? parsed.ignored : undefined;
  const decided =
    'delivery' in parsed
      ? toRequest(deps, { delivery: parsed.delivery, deliveryId, bytes })
      : { ignore: toIgnore ?? '' };
  if (!('ignore' in decided)) return decided;
  deps.log.info('ignored', { reason: decided.ignore, deliveryId });
  return ignored(decided.ignore);
}

/** What says to be of the future would win over every later delivery. */
const CLOCK_SKEW_MS = 60 * 60 * 1000;

function isPossible(position: number | undefined, now: number): position is number {
  return position !== undefined && position <= now + CLOCK_SKEW_MS;
}

function toRequest(
  deps: Pick<WebhookDeps, 'settings' | 'clock' | 'newId'>,
  input: { delivery: Delivery; deliveryId: string; bytes: Uint8Array },
): EnvironmentRequest | { ignore: string } {
  const { delivery, deliveryId, bytes } = input;
  const { ref, kind } = delivery;
  const settings = deps.settings();
  const configured = findRepository(settings, delivery.repository.fullName);
  if (configured === undefined) return { ignore: 'the repository is not in GITHUB_REPOSITORIES' };
  if (kind === 'push' && settings.ignoresPushes === true) return { ignore: 'pushes are not followed (PUSH_UPDATES)' };
  if (kind === 'pull-request' && settings.comments !== true)
    return { ignore: 'event "pull_request" is not handled: GITHUB_COMMENT is not true' };
  const slug = toSlug({
    repository: delivery.repository.fullName,
    ref,
    prefix: configured.prefix,
    reserved: settings.reservedHosts,
  });
  const isProtected = guardProtected({ namespace: toNamespace(slug), slug, ref }, settings.protectedNamespaces);
  if (isProtected !== undefined) return { ignore: isProtected.reason };
  if (kind !== 'delete') {
    const defaultBranches = [...settings.defaultBranches, ...delivery.defaultBranches];
    const kept = guardFilters(ref, { defaultBranches, admits: settings.admits });
    if (kept !== undefined) return { ignore: kept.reason };
  }
  return newRequest(
    {
      id: deps.newId(),
      environment: slug,
      repository: delivery.repository,
      ref,
      reason: kind === 'pull-request' ? 'check' : kind,
      actor: { kind: 'github', ...(delivery.sender !== undefined && { name: delivery.sender }) },
      ...(isPossible(delivery.position, deps.clock.now()) && { position: delivery.position }),
      deliveryId,
      // the delivery id is not signed: the same body may come again under another one
      digest: hash('sha256', bytes).slice(0, DIGEST_LENGTH),
      ...(delivery.sha !== undefined && { sha: delivery.sha }),
      ...(delivery.pullRequest !== undefined && { pullRequest: delivery.pullRequest }),
    },
    deps.clock.now(),
  );
}
