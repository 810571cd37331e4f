import { createHash } from 'node:crypto';
import { type Live, listEnvironments, readEnvironment } from '../environment/status.ts';
import type { Log, Records } from '../environment/ports/ports.ts';
import type { EnvironmentRecord } from '../environment/model/record.ts';
import { toLogFields, toProvisionerError } from '../errors.ts';
import { type Answer, failed, failedInside } from './answer.ts';

export interface StatusDeps {
  records(): Promise<Records>;
  /** What the cluster and the identity say, kept for a while. */
  live(record: EnvironmentRecord): Promise<Live>;
  log: Log;
}

export interface StatusCall {
  /** The slug; absent for the list. */
  name: string | undefined;
  all: boolean;
  live: boolean;
  ifNoneMatch: string | undefined;
  requestId: string;
}

/** One environment's record, or the list of all by metadata, with ETag and 304. */
export async function answerStatus(deps: StatusDeps, call: StatusCall): Promise<Answer> {
  try {
    const records = await deps.records();
    if (call.name === undefined) return withEtag({ environments: await listEnvironments(records, call.all) }, call);
    const record = (await readEnvironment(records, call.name)) ?? (await findByRef(records, call.name));
    if (record === undefined) {
      const message = 'no environment has this name; one just asked for appears when its request is taken up';
      return failed({ status: 404, code: 'not-found', message, requestId: call.requestId });
    }
    if (!call.live) return withEtag({ ...record }, call);
    return { status: 200, body: { ...record, live: await deps.live(record) } };
  } catch (thrown) {
    const error = toProvisionerError(thrown);
    deps.log.error('status not read', { ...toLogFields(error), requestId: call.requestId });
    return failedInside(error, call.requestId);
  }
}

/** People know the branch, not its slug; of several repositories with a branch of the name, none is meant. */
async function findByRef(records: Records, name: string): Promise<EnvironmentRecord | undefined> {
  const ref = decode(name);
  const found: string[] = [];
  for await (const summary of records.list()) if (ref !== undefined && summary.ref === ref) found.push(summary.name);
  const [slug, ...others] = found;
  return slug === undefined || others.length > 0 ? undefined : readEnvironment(records, slug);
}

/** The host passes an encoded slash on as it is (FACTS D27). */
function decode(name: string): string | undefined {
  try {
    return decodeURIComponent(name);
  } catch {
    return undefined;
  }
}

/** The body under its ETag, or 304 where the caller knows it. */
export function withEtag(body: Record<string, unknown>, call: Pick<StatusCall, 'ifNoneMatch'>): Answer {
  const etag = `"${createHash('sha256').update(JSON.stringify(body)).digest('hex').slice(0, 32)}"`;
  const headers = { etag, 'cache-control': 'no-cache' };
  const known = call.ifNoneMatch?.split(',').some((one) => [etag, `W/${etag}`, '*'].includes(one.trim())) === true;
  return known ? { status: 304, body: {}, headers } : { status: 200, body, headers };
}
