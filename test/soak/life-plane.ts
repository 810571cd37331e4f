import { isDeepStrictEqual } from 'node:util';
import { startKubelet } from '../../local/control-plane/kubelet.ts';
import { ADD_ON_KINDS, apiVersionOf, KINDS, type Kind } from '../../local/kubernetes/objects/kinds.ts';
import { startAuditedPlane, type AuditedPlane } from '../e2e/converge/plane.ts';
import type { LifeCluster, Listed } from '../faults/life/life-cluster.ts';
import { PLANTED } from '../faults/planted.ts';
import { toWritten } from './written.ts';

/** A real control plane on which many lives are lived side by side, each in a namespace of its own. */
export interface LifePlane {
  /** A cluster and a branch that no other life has. */
  settle(): { cluster: LifeCluster; branch: string };
  /** What is not as it should be once all lives are over, in words. */
  judge(): Promise<string[]>;
  stop(): Promise<void>;
}

const WRITES = ['create', 'update', 'patch', 'delete', 'deletecollection'];
/** What controllers make of what was applied, each time under another name. */
const MADE_BY_OTHERS = new Set(['Event', 'Pod', 'ReplicaSet']);
const LISTED = [...KINDS, ...ADD_ON_KINDS].filter(({ kind, namespaced }) => namespaced && !MADE_BY_OTHERS.has(kind));
/** The namespace controller takes up to 18 s, and more where many end at once. */
const GONE_WITHIN_MS = 180_000;

export async function startLifePlane(): Promise<LifePlane> {
  const audited = await startAuditedPlane({ verbs: WRITES, tokens: PLANTED.tokens });
  const { admin } = audited;
  const stopKubelet = startKubelet(admin);
  const foreign = await listForeign(audited);
  let settled = 0;

  return {
    settle() {
      // all of one length, so that no name is part of another
      const branch = `login${String((settled += 1)).padStart(5, '0')}`;
      return { branch, cluster: clusterOf(audited, `feature-${branch}`) };
    },
    async judge() {
      const wrong = (await audited.audit()).flatMap((call) => {
        const { resource, namespace, name } = call.objectRef ?? {};
        const at = namespace ?? (resource === 'namespaces' ? name : undefined);
        const isOurs = at?.startsWith('feature-login') ?? false;
        const isDry = call.requestURI.includes('dryRun=') || resource === 'selfsubjectaccessreviews';
        const code = call.responseStatus?.code;
        const words = `${call.user.username} wrote outside feature-*: ${call.verb} ${call.requestURI} ${code ?? ''}`;
        return isOurs || isDry ? [] : [words];
      });
      const now = await listForeign(audited);
      for (const key of new Set([...foreign.keys(), ...now.keys()])) {
        if (!isDeepStrictEqual(foreign.get(key), now.get(key))) wrong.push(`${key} was changed`);
      }
      return [...wrong, ...(await awaitGone(audited))];
    },
    async stop() {
      await stopKubelet();
      await audited.stop();
    },
  };
}

function clusterOf({ plane, admin }: AuditedPlane, namespace: string): LifeCluster {
  const path = `/api/v1/namespaces/${namespace}`;
  return {
    access: plane.access,
    async list() {
      const itself = await admin.call<Listed>({ method: 'GET', path });
      if (itself === undefined) return [];
      const within = await Promise.all(LISTED.map((kind) => listKind({ plane, admin }, { kind, namespace })));
      return [itself, ...within.flat()].map(toWritten);
    },
    // nobody waits: the next life has another namespace
    close: async () => void (await admin.call({ method: 'DELETE', path })),
  };
}

type Reach = Pick<AuditedPlane, 'plane' | 'admin'>;

async function listKind({ admin }: Reach, { kind, namespace }: { kind: Kind; namespace?: string }): Promise<Listed[]> {
  const apiVersion = apiVersionOf(kind);
  const root = kind.group === '' ? `/api/${apiVersion}` : `/apis/${apiVersion}`;
  const within = namespace === undefined ? '' : `/namespaces/${namespace}`;
  const found = await admin.call<{ items: Listed[] }>({ method: 'GET', path: `${root}${within}/${kind.plural}` });
  return (found?.items ?? []).map((one) => ({ ...one, apiVersion, kind: kind.kind }));
}

/** All that is in no namespace of a feature branch, by Kind/namespace/name, without what controllers keep changing. */
async function listForeign(reach: Reach): Promise<Map<string, unknown>> {
  const namespaces = KINDS.filter(({ kind }) => kind === 'Namespace');
  const all = await Promise.all([...namespaces, ...LISTED].map((kind) => listKind(reach, { kind })));
  const foreign = all.flat().filter(({ kind, metadata }) => {
    const namespace = kind === 'Namespace' ? metadata.name : (metadata.namespace ?? '');
    return !namespace.startsWith('feature-');
  });
  return new Map(
    foreign.map((one) => [`${one.kind}/${one.metadata.namespace ?? ''}/${one.metadata.name}`, toForeign(one)]),
  );
}

function toForeign(one: Listed): unknown {
  return { ...toWritten(one), uid: one.metadata.uid, status: undefined };
}

async function awaitGone(reach: Reach): Promise<string[]> {
  const namespaces = KINDS.find(({ kind }) => kind === 'Namespace');
  const end = Date.now() + GONE_WITHIN_MS;
  for (;;) {
    const all = namespaces === undefined ? [] : await listKind(reach, { kind: namespaces });
    const left = all.map(({ metadata }) => metadata.name).filter((name) => name.startsWith('feature-'));
    if (left.length === 0 || Date.now() > end) return left.map((name) => `${name} is still there`);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
}
