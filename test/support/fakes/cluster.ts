import type {
  Change,
  Cluster,
  InventoryEntry,
  KubeObject,
  WriteGuard,
} from '../../../lib/environment/ports/cluster.ts';
import { ProvisionerError, toProvisionerError } from '../../../lib/errors.ts';
import type { Call } from './call.ts';
import {
  type FakeCluster,
  type FakeNamespace,
  makeNamespace,
  namespaceAt,
  ownedKeys,
  terminate,
} from './cluster-state.ts';

export interface ClusterWrite {
  /** `POST`, `APPLY` or `DELETE`. */
  what: string;
  /** `Kind/namespace/name`. */
  object: string;
  namespace: string;
  /** Carries uid and resourceVersion as preconditions. */
  isConditional?: boolean;
}

/** Told of each write; throws nothing. */
export interface ClusterWatcher {
  /** It is sent. */
  begin?(write: ClusterWrite): void;
  /** It has arrived: it has made the namespace, or is about to change what that holds. */
  act?(write: ClusterWrite, found: FakeNamespace, beganAt: number): void;
}

/** A cluster's rules as far as the core meets them: uid and resourceVersion, 409, termination that takes time. */
export function clusterOf(
  cluster: FakeCluster,
  { call, watcher = {} }: { call: Call; watcher?: ClusterWatcher },
): Cluster {
  const { namespaces } = cluster;
  const at = (name: string): FakeNamespace | undefined => namespaceAt(cluster, name);
  const read = <T>(what: string, on: string, act: () => T): Promise<T> => call({ what, on, act });
  const write = <T>(
    sent: ClusterWrite,
    writeGuard: WriteGuard,
    act: (tell: (found: FakeNamespace) => void) => T,
  ): Promise<T> => {
    let beganAt = 0;
    return call({
      what: sent.what,
      on: sent.object,
      guard: writeGuard,
      begin() {
        beganAt = cluster.now();
        watcher.begin?.(sent);
      },
      act: () => act((found) => watcher.act?.(sent, found, beganAt)),
    });
  };
  const writeNamespace = <T>(
    { what, name, isConditional = false }: { what: string; name: string; isConditional?: boolean },
    writeGuard: WriteGuard,
    act: (tell: (found: FakeNamespace) => void) => T,
  ): Promise<T> => write({ what, object: `Namespace/${name}`, namespace: name, isConditional }, writeGuard, act);

  async function applyOne(object: KubeObject, namespace: string, writeGuard: WriteGuard): Promise<Change> {
    const name = `${object.kind}/${namespace}/${object.metadata.name}`;
    const text = JSON.stringify(object);
    return write({ what: 'APPLY', object: name, namespace }, writeGuard, (tell) => {
      const found = at(namespace);
      if (found === undefined) throw new ProvisionerError('gone', `namespace ${namespace} is gone`);
      const before = found.objects.get(name);
      if (found.live.terminating && before === undefined)
        throw new ProvisionerError('terminating', 'it is being deleted');
      tell(found);
      found.objects.set(name, text);
      return { object: name, action: before === undefined ? 'created' : before === text ? 'unchanged' : 'configured' };
    });
  }

  async function removeOne(object: string, namespace: string, writeGuard: WriteGuard): Promise<Change> {
    return write({ what: 'DELETE', object, namespace }, writeGuard, (tell) => {
      const found = at(namespace);
      if (found?.objects.has(object) === true) tell(found);
      found?.objects.delete(object);
      cluster.ended.delete(object);
      return { object, action: 'deleted' };
    });
  }

  return {
    readNamespace: (name) =>
      read('GET', `Namespace/${name}`, () => {
        const found = at(name);
        return found && { ...found.live, conditions: [...found.live.conditions] };
      }),
    listNamespaces: () =>
      read('LIST', 'namespaces', () =>
        [...namespaces.keys()].flatMap((name) => {
          const live = at(name)?.live;
          const isOurs = live?.labels['app.kubernetes.io/managed-by'] === 'feature-branch-provisioner';
          return live !== undefined && isOurs ? [{ ...live }] : [];
        }),
      ),
    createNamespace: ({ metadata }, writeGuard) =>
      writeNamespace({ what: 'POST', name: metadata.name }, writeGuard, (tell) => {
        if (at(metadata.name) !== undefined) return { kind: 'exists' };
        const made = makeNamespace(cluster, metadata);
        tell(made);
        return { kind: 'created', namespace: { ...made.live } };
      }),
    applyNamespace: ({ metadata }, writeGuard, dropped = { labels: [], annotations: [] }) =>
      writeNamespace({ what: 'APPLY', name: metadata.name }, writeGuard, (tell) => {
        const found = at(metadata.name);
        if (found === undefined || found.live.uid !== metadata['uid'])
          throw new ProvisionerError('conflict', 'another uid');
        tell(found);
        const { live } = found;
        live.labels = Object.freeze({ ...without(live.labels, dropped.labels), ...metadata.labels });
        live.annotations = Object.freeze({
          ...without(live.annotations, dropped.annotations),
          ...metadata.annotations,
        });
        live.ours = ownedKeys(metadata);
        live.resourceVersion = String((cluster.versions += 1));
        return { ...live };
      }),
    async apply(objects, { namespace, writeGuard }) {
      const { changes, failed, error } = await settle(objects, (object) => applyOne(object, namespace, writeGuard));
      const inventory = objects
        .filter((object) => !failed.includes(object))
        .map(({ apiVersion, kind, metadata }): InventoryEntry => ({ apiVersion, kind, name: metadata.name }));
      return { changes, inventory, ...error };
    },
    async prune(entries, { namespace, writeGuard }) {
      const { changes, failed, error } = await settle(entries, ({ kind, name }) =>
        removeOne(`${kind}/${namespace}/${name}`, namespace, writeGuard),
      );
      return { changes, left: failed, ...error };
    },
    drift: (objects, { namespace }) =>
      read('drift', namespace, () =>
        objects.flatMap((object) => {
          const name = `${object.kind}/${namespace}/${object.metadata.name}`;
          const live = at(namespace)?.objects.get(name);
          if (live === JSON.stringify(object)) return [];
          return [{ object: name, why: live === undefined ? ('missing' as const) : ('changed' as const) }];
        }),
      ),
    scopes: (objects) => Promise.resolve(new Map(objects.map((object) => [object, 'namespaced' as const]))),
    plan: (objects, { namespace }) =>
      read('dry run', namespace, () =>
        objects.map(({ kind, metadata }) => ({ object: `${kind}/${namespace}/${metadata.name}`, action: 'unchanged' })),
      ),
    readiness: (_inventory, { namespace }) => read('readiness', namespace, () => cluster.readinessIs),
    survey: () => read('survey', '', () => cluster.surveyIs),
    async removeEnded(entries, { namespace, writeGuard }) {
      const names = await read('LIST ended', namespace, () =>
        entries.map(({ kind, name }) => `${kind}/${namespace}/${name}`).filter((name) => cluster.ended.has(name)),
      );
      return Promise.all(names.map((name) => removeOne(name, namespace, writeGuard)));
    },
    async deletePod({ namespace, name }, writeGuard) {
      await removeOne(`Pod/${namespace}/${name}`, namespace, writeGuard);
      return 'deleted';
    },
    inspect: (kinds, { namespace }) =>
      read('LIST', namespace, () => {
        const objects = [...(at(namespace)?.objects.values() ?? [])].map((text) => JSON.parse(text) as KubeObject);
        return kinds.map((type) => ({ ...type, items: objects.filter(({ kind }) => kind === type.kind) }));
      }),
    contents: (namespace) =>
      read('count', namespace, () => {
        const kinds = [...(at(namespace)?.objects.keys() ?? [])].map((name) => name.slice(0, name.indexOf('/')));
        return Object.fromEntries(kinds.map((kind) => [kind, kinds.filter((one) => one === kind).length]));
      }),
    deleteNamespace: ({ name, uid, resourceVersion }, writeGuard) =>
      writeNamespace({ what: 'DELETE', name, isConditional: true }, writeGuard, (tell) => {
        const found = at(name);
        if (found === undefined) return 'absent';
        // a precondition that is not given does not protect
        if ((uid && found.live.uid !== uid) || (resourceVersion && found.live.resourceVersion !== resourceVersion))
          return 'changed';
        tell(found);
        terminate(cluster, found);
        return 'deleting';
      }),
    policies: () => read('policies', '', () => cluster.policiesAre),
  };
}

/** All at once; the first failure comes with what was done. */
async function settle<T>(
  ones: readonly T[],
  work: (one: T) => Promise<Change>,
): Promise<{ changes: Change[]; failed: T[]; error: { error?: Error } }> {
  const settled = await Promise.allSettled(ones.map(work));
  const error = settled.find((one) => one.status === 'rejected');
  return {
    changes: settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : [])),
    failed: ones.filter((_, index) => settled[index]?.status === 'rejected'),
    error: error === undefined ? {} : { error: toProvisionerError(error.reason) },
  };
}

function without(map: Readonly<Record<string, string>>, dropped: readonly string[]): Record<string, string> {
  return Object.fromEntries(Object.entries(map).filter(([key]) => !dropped.includes(key)));
}
