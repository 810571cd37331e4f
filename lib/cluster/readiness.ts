import type { KubeObject, Readiness } from '../environment/peers.ts';
import type { Discovery } from './discovery.ts';
import { objectName } from './kinds.ts';
import { isJudged, judge, type Judgement, type LiveObject } from './kstatus.ts';
import { listKind } from './list.ts';
import type { Send } from './request.ts';
import { forEachLimited } from './slots.ts';

interface ReadinessContext {
  send: Send;
  discovery: Discovery;
  concurrency: number;
}

/**
 * Whether all of the objects are ready, by one list per kind that can be otherwise. The first that failed decides, else
 * the first that is still coming.
 */
export async function judgeReadiness(
  context: ReadinessContext,
  objects: KubeObject[],
  { namespace }: { namespace: string },
): Promise<Readiness> {
  const judged = objects.filter(isJudged);
  const live = await liveObjects(context, judged, namespace);
  const verdicts = judged.map((object) => {
    const name = objectName(object, namespace);
    const found = live.get(name);
    const judgement: Judgement = found ? judge(object, found) : { state: 'starting', reason: 'it is not there' };
    return { name, ...judgement };
  });
  const decides =
    verdicts.find(({ state }) => state === 'failed') ?? verdicts.find(({ state }) => state === 'starting');
  if (!decides) return { state: 'ready' };
  return { state: decides.state, object: decides.name, reason: `${decides.name}: ${decides.reason ?? decides.state}` };
}

async function liveObjects(
  { send, discovery, concurrency }: ReadinessContext,
  objects: KubeObject[],
  namespace: string,
): Promise<Map<string, LiveObject>> {
  const live = new Map<string, LiveObject>();
  const kinds = new Map(objects.map((object) => [`${object.apiVersion} ${object.kind}`, object]));
  await forEachLimited([...kinds.values()], concurrency, async (type) => {
    const resource = await discovery.resourceOf(type);
    const items = resource && (await listKind<LiveObject>(send, { type, resource, namespace }));
    for (const item of items ?? []) live.set(objectName({ kind: type.kind, metadata: item.metadata }, namespace), item);
  });
  return live;
}
