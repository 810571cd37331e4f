import type { Cluster } from '../environment/ports/cluster.ts';
import type { Log, Records } from '../environment/ports/ports.ts';
import { readEnvironment } from '../environment/status.ts';
import { toLogFields, toProvisionerError } from '../errors.ts';
import { type Answer, failed, failedInside } from '../intake/answer.ts';
import { hideSecrets } from '../secrets.ts';
import { findWantedLogs } from './pods.ts';

export interface LogsDeps {
  /** LOGS. */
  isOn(): boolean;
  records(): Promise<Pick<Records, 'read'>>;
  cluster(): Promise<
    Pick<Cluster, 'inspect' | 'readNamespace'> & {
      readLog(source: {
        namespace: string;
        pod: string;
        container: string;
        previous: boolean;
      }): Promise<{ kind: 'text'; text: string } | { kind: 'absent' } | { kind: 'denied' }>;
    }
  >;
  /** Ms since the epoch. */
  now(): number;
  log: Log;
}

const MOST_LOGS = 8;
const LONGEST_LINE = 2_000;
/** Colours and cursor movements. https://ecma-international.org/publications-and-standards/standards/ecma-48/ */
const ESCAPES = /\u001b\[[0-?]*[ -/]*[@-~]/g;

/** The last lines of each container that crashed or is not ready. 404 `logs-off` where LOGS is not true. */
export async function answerLogs(
  deps: LogsDeps,
  call: { name: string | undefined; requestId: string },
): Promise<Answer> {
  const { requestId } = call;
  const no = (status: number, code: string, message: string): Answer => failed({ status, code, message, requestId });
  try {
    if (!deps.isOn())
      return no(404, 'logs-off', 'logs are off: set LOGS=true, and give the right of manifests/cluster/logs.yaml');
    const record = await readEnvironment(await deps.records(), call.name ?? '');
    if (record === undefined || record.phase === 'gone') return no(404, 'not-found', 'no environment has this name');
    const cluster = await deps.cluster();
    const { namespace, name: environment } = record;
    const live = await cluster.readNamespace(namespace);
    // a namespace that is not the one that the record speaks of is none of ours to read
    const isOurs = live !== undefined && record.uid !== undefined && live.uid === record.uid;
    const [pods] = isOurs ? await cluster.inspect([{ apiVersion: 'v1', kind: 'Pod' }], { namespace }) : [];
    const wanted = pods !== undefined && 'items' in pods ? findWantedLogs(pods.items) : [];
    const logs = await Promise.all(
      wanted.slice(0, MOST_LOGS).map(async (one) => ({ ...one, read: await cluster.readLog({ namespace, ...one }) })),
    );
    if (logs.some(({ read }) => read.kind === 'denied')) {
      return no(403, 'not-permitted', 'the app may not read logs: give it the right of manifests/cluster/logs.yaml');
    }
    return {
      status: 200,
      body: {
        environment,
        at: new Date(deps.now()).toISOString(),
        logs: logs.flatMap(({ read, ...one }) => (read.kind === 'text' ? [{ ...one, lines: toLines(read.text) }] : [])),
      },
    };
  } catch (thrown) {
    const error = toProvisionerError(thrown);
    deps.log.error('logs not read', { ...toLogFields(error), requestId });
    return failedInside(error, requestId);
  }
}

/** Lines without the secrets that the app knows, colours and control characters. */
function toLines(text: string): string[] {
  const lines = hideSecrets(text).replace(ESCAPES, '').split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  return lines.map((line) => line.replace(/[^\P{Cc}\t]/gu, '').slice(0, LONGEST_LINE));
}
