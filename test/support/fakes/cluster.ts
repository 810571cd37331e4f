import { ProvisionerError } from '../../../lib/errors.ts';
import type { Turn, VirtualClock } from './clock.ts';
import type { WriteGuard, Change, Cluster, KubeObject, PolicyState } from '../../../lib/environment/ports/cluster.ts';
import type { CauseCode, Readiness, Survey } from '../../../lib/environment/ports/readiness.ts';
import type { LiveNamespace } from '../../../lib/environment/model/guards.ts';

interface ModelNamespace {
  live: LiveNamespace;
  objects: Map<string, string>;
  /** When it is gone, once it terminates. */
  goneAt?: number;
}

export interface ModelCluster extends Cluster {
  namespaces: Map<string, ModelNamespace>;
  /** What was written, in order: `POST Namespace/x`, `APPLY ConfigMap/x/y`, `DELETE Namespace/x`. */
  writes: string[];
  readinessIs: Readiness;
  surveyIs: Survey;
  /** Jobs and pods that have failed for good, as `Kind/namespace/name`. */
  ended: Set<string>;
  policiesAre: PolicyState;
  /** Makes a namespace that somebody else owns. */
  putForeign(name: string, labels?: Record<string, string>): void;
  terminationMs: number;
}

export const READY: Readiness = { health: 'ready', reasons: [], remarks: [], ignored: 0, finished: [] };

/** A reading that one object keeps from being ready. */
export function unready(
  cause: string,
  { health = 'starting', object = 'Deployment/x/web', code = 'unknown' }: UnreadyOptions = {},
): Readiness {
  return { ...READY, health, reasons: [{ object, cause, code }] };
}

interface UnreadyOptions {
  health?: 'starting' | 'failed';
  object?: string;
  code?: CauseCode;
}

/** A cluster's rules as far as the core meets them: uid and resourceVersion, 409, termination that takes time. */
export function modelCluster({ clock, turn }: { clock: VirtualClock; turn: Turn }): ModelCluster {
  let versions = 0;
  const namespaces: ModelCluster['namespaces'] = new Map();
  const writes: string[] = [];
  const at = (name: string): ModelNamespace | undefined => {
    const found = namespaces.get(name);
    if (found?.goneAt !== undefined && clock.now() >= found.goneAt) {
      namespaces.delete(name);
      return undefined;
    }
    return found;
  };
  const make = (name: string, metadata: KubeObject['metadata']): LiveNamespace => {
    const version = (versions += 1);
    const live: LiveNamespace = {
      name,
      uid: `uid-${version}`,
      resourceVersion: String(version),
      labels: { ...metadata.labels },
      annotations: { ...metadata.annotations },
      ours: ownedKeys(metadata),
      terminating: false,
      conditions: [],
    };
    namespaces.set(name, { live, objects: new Map() });
    return live;
  };
  const write = async (what: string, writeGuard: WriteGuard): Promise<void> => {
    await turn(what);
    for (let wait = writeGuard(10_000); wait !== undefined; wait = writeGuard(10_000)) await wait;
    writes.push(what);
  };

  const model: ModelCluster = {
    namespaces,
    writes,
    readinessIs: READY,
    ended: new Set(),
    surveyIs: { suspect: new Set(), unread: [] },
    policiesAre: 'bound',
    terminationMs: 5_000,
    putForeign: (name, labels = {}) => void make(name, { name, labels }),
    async readNamespace(name) {
      await turn(`GET Namespace/${name}`);
      const found = at(name);
      return found && structuredClone(found.live);
    },
    async listNamespaces() {
      await turn('LIST namespaces');
      return [...namespaces.keys()].flatMap((name) => {
        const live = at(name)?.live;
        const isOurs = live?.labels['app.kubernetes.io/managed-by'] === 'feature-branch-provisioner';
        return live !== undefined && isOurs ? [{ ...live }] : [];
      });
    },
    async createNamespace({ metadata }, writeGuard) {
      await write(`POST Namespace/${metadata.name}`, writeGuard);
      if (at(metadata.name)) return { kind: 'exists' };
      return { kind: 'created', namespace: structuredClone(make(metadata.name, metadata)) };
    },
    async applyNamespace({ metadata }, writeGuard, dropped = { labels: [], annotations: [] }) {
      await write(`APPLY Namespace/${metadata.name}`, writeGuard);
      const found = at(metadata.name);
      if (!found || found.live.uid !== metadata['uid']) throw new ProvisionerError('conflict', 'another uid');
      for (const key of dropped.labels) delete found.live.labels[key];
      for (const key of dropped.annotations) delete found.live.annotations[key];
      Object.assign(found.live.labels, metadata.labels);
      Object.assign(found.live.annotations, metadata.annotations);
      found.live.ours = ownedKeys(metadata);
      found.live.resourceVersion = String((versions += 1));
      return structuredClone(found.live);
    },
    async apply(objects, { namespace, writeGuard }) {
      const changes: Change[] = [];
      const inventory = [];
      for (const object of objects) {
        const { apiVersion, kind, metadata } = object;
        const name = `${kind}/${namespace}/${metadata.name}`;
        try {
          await write(`APPLY ${name}`, writeGuard);
          const found = at(namespace);
          if (!found) throw new ProvisionerError('gone', `namespace ${namespace} is gone`);
          const text = JSON.stringify(object);
          const before = found.objects.get(name);
          if (found.live.terminating && before === undefined)
            throw new ProvisionerError('terminating', 'it is being deleted');
          found.objects.set(name, text);
          changes.push({
            object: name,
            action: before === undefined ? 'created' : before === text ? 'unchanged' : 'configured',
          });
          inventory.push({ apiVersion, kind, name: metadata.name });
        } catch (error) {
          return { changes, inventory, error: error as Error };
        }
      }
      return { changes, inventory };
    },
    async prune(entries, { namespace, writeGuard }) {
      const changes: Change[] = [];
      for (const { kind, name } of entries) {
        const object = `${kind}/${namespace}/${name}`;
        await write(`DELETE ${object}`, writeGuard);
        at(namespace)?.objects.delete(object);
        changes.push({ object, action: 'deleted' });
      }
      return { changes, left: [] };
    },
    async drift(objects, { namespace }) {
      await turn('drift');
      const held = at(namespace)?.objects;
      return objects.flatMap((object) => {
        const name = `${object.kind}/${namespace}/${object.metadata.name}`;
        const live = held?.get(name);
        if (live === JSON.stringify(object)) return [];
        return [{ object: name, why: live === undefined ? ('missing' as const) : ('changed' as const) }];
      });
    },
    async scopes(objects) {
      return new Map(objects.map((object) => [object, 'namespaced' as const]));
    },
    async plan(objects) {
      await turn('dry run');
      return objects.map(({ kind, metadata }) => ({
        object: `${kind}/${metadata.namespace}/${metadata.name}`,
        action: 'unchanged',
      }));
    },
    async readiness() {
      await turn('readiness');
      return model.readinessIs;
    },
    async survey() {
      await turn('survey');
      return model.surveyIs;
    },
    async removeEnded(entries, { namespace, writeGuard }) {
      const found = at(namespace);
      const ended = entries
        .map(({ kind, name }) => `${kind}/${namespace}/${name}`)
        .filter((name) => model.ended.has(name));
      for (const object of ended) {
        await write(`DELETE ${object}`, writeGuard);
        model.ended.delete(object);
        found?.objects.delete(object);
      }
      return ended.map((object): Change => ({ object, action: 'deleted' }));
    },
    async deletePod({ namespace, name }, writeGuard) {
      await write(`DELETE Pod/${namespace}/${name}`, writeGuard);
      return 'deleted';
    },
    async inspect(kinds, { namespace }) {
      await turn(`LIST ${namespace}`);
      const objects = [...(at(namespace)?.objects.values() ?? [])].map((text) => JSON.parse(text) as KubeObject);
      return kinds.map((type) => ({ ...type, items: objects.filter(({ kind }) => kind === type.kind) }));
    },
    async contents(namespace) {
      const counts: Record<string, number> = {};
      for (const key of at(namespace)?.objects.keys() ?? []) {
        const kind = key.split('/')[0] ?? '';
        counts[kind] = (counts[kind] ?? 0) + 1;
      }
      return counts;
    },
    async deleteNamespace({ name, uid, resourceVersion }, writeGuard) {
      await write(`DELETE Namespace/${name}`, writeGuard);
      const found = at(name);
      if (!found) return 'absent';
      if (found.live.uid !== uid || found.live.resourceVersion !== resourceVersion) return 'changed';
      found.live.terminating = true;
      found.live.resourceVersion = String((versions += 1));
      found.goneAt ??= clock.now() + model.terminationMs;
      return 'deleting';
    },
    async policies() {
      return model.policiesAre;
    },
  };
  return model;
}

function ownedKeys({ labels = {}, annotations = {} }: KubeObject['metadata']): NonNullable<LiveNamespace['ours']> {
  return { labels: Object.keys(labels), annotations: Object.keys(annotations) };
}
