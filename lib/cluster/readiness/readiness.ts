import { type Discovery, objectName } from '../api/rest-mapping.ts';
import { type Verdict, explain, gatherEvidence } from './failure-cause.ts';
import { type Judgement, isJudged, judge } from './kstatus.ts';
import { listKind } from '../list.ts';
import type { Send } from '../api/client.ts';
import { forEachLimited } from '../../concurrency.ts';
import type { KubeObject, Readiness } from '../../environment/ports/cluster.ts';
import type { LiveObject } from '../api/object-meta.ts';

interface ReadinessContext {
  send: Send;
  discovery: Discovery;
  concurrency: number;
}

/**
 * Whether all of the objects are ready, by one list per kind that can be otherwise; pods and events are asked for only
 * where some are not. The first that failed decides, then the first whose cause is known, then the first still coming.
 */
export async function judgeReadiness(
  context: ReadinessContext,
  objects: KubeObject[],
  { namespace }: { namespace: string },
): Promise<Readiness> {
  const judged = objects.filter(isJudged);
  const { live, unseen } = await liveObjects(context, judged, namespace);
  const verdicts = judged.map((object): Verdict => {
    const name = objectName(object, namespace);
    const found = live.get(name);
    const absent: Judgement = unseen.has(typeOf(object))
      ? { state: 'ready' }
      : { state: 'starting', reason: 'it is not there' };
    const judgement = found ? judge(object, found) : absent;
    return { name, type: object, live: found, ...judgement };
  });
  const open = verdicts.filter(({ state }) => state !== 'ready');
  if (open.length === 0) return { state: 'ready' };
  const evidence = await gatherEvidence(context, namespace);
  const explained = open.map((verdict) => explain(verdict, evidence));
  const decides =
    explained.find(({ state }) => state === 'failed') ?? explained.find(({ isKnown }) => isKnown) ?? explained[0];
  if (!decides) return { state: 'ready' };
  return { state: decides.state, object: decides.name, reason: `${decides.name}: ${decides.reason ?? decides.state}` };
}

/** What is there, and the kinds that our principal may apply but not list: nobody can say anything of those. */
async function liveObjects(
  { send, discovery, concurrency }: ReadinessContext,
  objects: KubeObject[],
  namespace: string,
): Promise<{ live: Map<string, LiveObject>; unseen: Set<string> }> {
  const live = new Map<string, LiveObject>();
  const unseen = new Set<string>();
  const kinds = new Map(objects.map((object) => [typeOf(object), object]));
  await forEachLimited([...kinds.values()], concurrency, async (type) => {
    const resource = await discovery.resourceOf(type);
    const items = resource && (await listKind<LiveObject>(send, { type, resource, namespace }));
    if (resource && !items) unseen.add(typeOf(type));
    for (const item of items ?? []) live.set(objectName({ kind: type.kind, metadata: item.metadata }, namespace), item);
  });
  return { live, unseen };
}

function typeOf({ apiVersion, kind }: KubeObject): string {
  return `${apiVersion} ${kind}`;
}
