import type { Inspected } from '../environment/ports/credentials.ts';
import { ProvisionerError } from '../errors.ts';
import type { Discovery } from './discovery.ts';
import { type TypeOfObject, isSecret } from './api/rest-mapping.ts';
import { listKind } from './list.ts';
import type { Send } from './api/client.ts';
import { forEachLimited } from './slots.ts';
import type { KubeObject } from '../environment/kube-object.ts';

interface InspectContext {
  send: Send;
  discovery: Discovery;
  concurrency: number;
}

/** The live objects of each kind in a namespace, by one list per kind side by side; never a Secret. */
export async function inspectKinds(
  context: InspectContext,
  kinds: TypeOfObject[],
  { namespace }: { namespace: string },
): Promise<Inspected[]> {
  const inspected: Inspected[] = kinds.map((type) => ({ ...type, why: 'Secrets are never read' }));
  const open = kinds.map((type, index) => ({ type, index })).filter(({ type }) => !isSecret(type));
  await forEachLimited(open, context.concurrency, async ({ type, index }) => {
    inspected[index] = await inspectKind(context, type, namespace);
  });
  return inspected;
}

async function inspectKind(
  { send, discovery }: InspectContext,
  type: TypeOfObject,
  namespace: string,
): Promise<Inspected> {
  const { apiVersion, kind } = type;
  try {
    const resource = await discovery.resourceOf(type);
    if (resource === undefined) return { apiVersion, kind, why: `the cluster does not serve ${kind}` };
    const items = await listKind<KubeObject>(send, { type, resource, namespace });
    if (items === undefined) return { apiVersion, kind, why: `the cluster does not let us list ${kind}` };
    // the items of a list do not say of what kind they are
    return { apiVersion, kind, items: items.map((item) => ({ ...item, apiVersion, kind })) };
  } catch (error) {
    if (error instanceof ProvisionerError) return { apiVersion, kind, why: error.message };
    throw error;
  }
}
