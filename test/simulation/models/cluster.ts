import type { InventoryEntry } from '../../../lib/environment/model/record.ts';
import { ProvisionerError, toProvisionerError } from '../../../lib/errors.ts';
import { call, send } from './call.ts';
import type { Activity } from './hosts.ts';
import { checkMode, checkOurs, checkWanted, checkWriter } from '../checks/invariants.ts';
import { type Stage, drawFor } from '../stage.ts';
import type { World } from '../world.ts';
import type { WriteGuard, Change, Cluster, KubeObject } from '../../../lib/environment/ports/cluster.ts';
import type { LiveNamespace } from '../../../lib/environment/model/guards.ts';

const NONE: LiveNamespace['conditions'] = Object.freeze([]) as never;

export interface ModelNamespace {
  live: LiveNamespace;
  objects: Map<string, string>;
  /** Since when it bears the marks that it bears. */
  marksSince: number;
  /** When it is gone, once it terminates. */
  goneAt?: number;
  /** Somebody else made it with our marks, from a backup. */
  isRestored?: boolean;
}

export interface ClusterState {
  namespaces: Map<string, ModelNamespace>;
  versions: number;
}

export function namespaceAt(stage: Stage, { namespaces }: ClusterState, name: string): ModelNamespace | undefined {
  const found = namespaces.get(name);
  if (found?.goneAt === undefined || stage.now() < found.goneAt) return found;
  namespaces.delete(name);
  return undefined;
}

export function makeNamespace(stage: Stage, state: ClusterState, metadata: KubeObject['metadata']): ModelNamespace {
  const version = (state.versions += 1);
  const live: LiveNamespace = {
    name: metadata.name,
    uid: `uid-${version}`,
    resourceVersion: String(version),
    // frozen, so that every reader may share them
    labels: Object.freeze({ ...metadata.labels }),
    annotations: Object.freeze({ ...metadata.annotations }),
    terminating: false,
    conditions: NONE,
  };
  const made: ModelNamespace = { live, objects: new Map(), marksSince: stage.now() };
  state.namespaces.set(metadata.name, made);
  return made;
}

export function terminate(stage: Stage, state: ClusterState, found: ModelNamespace): void {
  found.live.terminating = true;
  found.live.resourceVersion = String((state.versions += 1));
  found.goneAt ??= stage.now() + stage.options.terminationMs;
}

/** A cluster's rules as far as the core meets them: uid and resourceVersion, 409, termination that takes time. */
export function clusterFor(world: World, who: Activity): Cluster {
  const { stage, cluster: state } = world;
  const at = (name: string): ModelNamespace | undefined => namespaceAt(stage, state, name);
  const slugOf = (namespace: string): string => namespace.slice('feature-'.length);
  const recordOf = (namespace: string) => world.store.blobs.get(slugOf(namespace))?.record;
  const read = <T>(what: string, on: string, act: () => T): Promise<T> => call(stage, who, { what, on, act });
  const write = <T>(
    step: { what: string; namespace: string; on?: string; writeGuard: WriteGuard },
    act: (judge: (found: ModelNamespace) => void, beganAt: number) => T,
  ): Promise<T> => {
    const { what, namespace, writeGuard: guard, on = namespace } = step;
    let beganAt = 0;
    return send(stage, who, {
      what,
      on,
      guard,
      begin() {
        beganAt = stage.now();
        checkMode(stage, who, what);
        checkWriter(stage, who, { slug: slugOf(namespace), blob: world.store.blobs.get(slugOf(namespace)) });
      },
      act: () =>
        act(
          (found) => checkOurs(stage, { who, what: `${what} ${on}`, beganAt, found, record: recordOf(namespace) }),
          beganAt,
        ),
    });
  };

  async function applyOne(object: KubeObject, namespace: string, writeGuard: WriteGuard): Promise<Change> {
    const name = `${object.kind}/${namespace}/${object.metadata.name}`;
    const text = JSON.stringify(object);
    return write({ what: 'APPLY', namespace, on: name, writeGuard }, (judge) => {
      const found = at(namespace);
      if (found === undefined) throw new ProvisionerError('gone', `namespace ${namespace} is gone`);
      const before = found.objects.get(name);
      if (found.live.terminating && before === undefined)
        throw new ProvisionerError('terminating', 'it is being deleted');
      judge(found);
      found.objects.set(name, text);
      return { object: name, action: before === undefined ? 'created' : before === text ? 'unchanged' : 'configured' };
    });
  }

  async function pruneOne(entry: InventoryEntry, namespace: string, writeGuard: WriteGuard): Promise<Change> {
    const object = `${entry.kind}/${namespace}/${entry.name}`;
    return write({ what: 'PRUNE', namespace, on: object, writeGuard }, (judge) => {
      const found = at(namespace);
      if (found !== undefined && found.objects.has(object)) judge(found);
      found?.objects.delete(object);
      return { object, action: 'deleted' };
    });
  }

  return {
    readNamespace: (name) =>
      read('GET', name, () => {
        const found = at(name);
        return found && { ...found.live };
      }),
    listNamespaces: () =>
      read('LIST', 'namespaces', () =>
        [...state.namespaces.keys()].flatMap((name) => {
          const live = at(name)?.live;
          const isOurs = live?.labels['app.kubernetes.io/managed-by'] === 'feature-branch-provisioner';
          return live !== undefined && isOurs ? [{ ...live }] : [];
        }),
      ),
    createNamespace: ({ metadata }, writeGuard) =>
      write({ what: 'POST', namespace: metadata.name, writeGuard }, () =>
        at(metadata.name)
          ? { kind: 'exists' as const }
          : { kind: 'created' as const, namespace: { ...makeNamespace(stage, state, metadata).live } },
      ),
    applyNamespace: ({ metadata }, writeGuard) =>
      write({ what: 'MARK', namespace: metadata.name, writeGuard }, (judge) => {
        const found = at(metadata.name);
        if (found === undefined || found.live.uid !== metadata['uid'])
          throw new ProvisionerError('conflict', 'another uid');
        judge(found);
        found.live.labels = Object.freeze({ ...found.live.labels, ...metadata.labels });
        found.live.annotations = Object.freeze({ ...found.live.annotations, ...metadata.annotations });
        found.live.resourceVersion = String((state.versions += 1));
        return { ...found.live };
      }),
    async apply(objects, { namespace, writeGuard }) {
      const sent = objects.map((object) => applyOne(object, namespace, writeGuard));
      const settled = await Promise.allSettled(sent);
      const error = settled.find((one) => one.status === 'rejected');
      return {
        changes: settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : [])),
        inventory: objects.flatMap(({ apiVersion, kind, metadata }, index) =>
          settled[index]?.status === 'fulfilled' ? [{ apiVersion, kind, name: metadata.name }] : [],
        ),
        ...(error !== undefined && { error: toProvisionerError(error.reason) }),
      };
    },
    async prune(entries, { namespace, writeGuard }) {
      const settled = await Promise.allSettled(entries.map((entry) => pruneOne(entry, namespace, writeGuard)));
      const error = settled.find((one) => one.status === 'rejected');
      return {
        changes: settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : [])),
        left: entries.filter((_, index) => settled[index]?.status === 'rejected'),
        ...(error !== undefined && { error: toProvisionerError(error.reason) }),
      };
    },
    drift: (objects, { namespace }) =>
      read('DRIFT?', namespace, () =>
        objects.flatMap(({ kind, metadata }) => {
          const object = `${kind}/${namespace}/${metadata.name}`;
          return at(namespace)?.objects.has(object) === true ? [] : [{ object, why: 'missing' as const }];
        }),
      ),
    scopes: (objects) => Promise.resolve(new Map(objects.map((object) => [object, 'namespaced' as const]))),
    plan: (objects, { namespace }) =>
      read('PLAN', namespace, () =>
        objects.map(({ kind, metadata }) => ({ object: `${kind}/${namespace}/${metadata.name}`, action: 'unchanged' })),
      ),
    readiness: (_objects, { namespace }) =>
      read('READY?', namespace, () => {
        const roll = stage.isCalm ? 0 : drawFor(stage, stage.calls * 3);
        const health = roll < 0.75 ? 'ready' : roll < 0.97 ? 'starting' : 'failed';
        const reasons =
          health === 'ready' ? [] : [{ object: 'Deployment/web', cause: 'it is not up', code: 'rollout' as const }];
        return { health, reasons, remarks: [], ignored: 0, finished: [] };
      }),
    survey: () =>
      read('SURVEY', '', () => {
        const isIll = (name: string): boolean => !stage.isCalm && drawFor(stage, stage.calls * 5 + name.length) < 0.1;
        return { suspect: new Set([...state.namespaces.keys()].filter(isIll)), unread: [] };
      }),
    removeEnded: () => read('ENDED?', '', () => []),
    deletePod: () => read('POD?', '', () => 'absent'),
    inspect: (kinds, { namespace }) =>
      read('INSPECT', namespace, () => kinds.map((type) => ({ ...type, why: 'the model keeps no objects' }))),
    contents: (namespace) => read('COUNT', namespace, () => ({ Deployment: at(namespace)?.objects.size ?? 0 })),
    deleteNamespace: ({ name, uid, resourceVersion }, writeGuard) =>
      write({ what: 'DELETE', namespace: name, writeGuard }, (judge, beganAt) => {
        const found = at(name);
        if (found === undefined) return 'absent';
        // a precondition that is not given does not protect
        if ((uid && found.live.uid !== uid) || (resourceVersion && found.live.resourceVersion !== resourceVersion))
          return 'changed';
        judge(found);
        const record = recordOf(name);
        if (record !== undefined)
          checkWanted(stage, {
            who,
            beganAt,
            record,
            livesSince: world.github.livesSince(record),
            accepted: world.queue.accepted,
          });
        terminate(stage, state, found);
        return 'deleting';
      }),
    policies: () => read('POLICIES?', '', () => stage.options.policies),
  };
}
