import { isDeepStrictEqual } from 'node:util';
import type { Behaviour } from './behaviour.ts';
import { KINDS } from './kinds.ts';
import type { Objects, StoredObject } from './objects.ts';

const kindNamed = (name: string) => KINDS.filter(({ kind }) => kind === name);

/**
 * Brings everything up to date with the time, in place of controllers and kubelets: namespaces whose termination is due
 * vanish with their contents, workloads get the status they would have.
 */
export function settle(objects: Objects, behaviour: Behaviour, now: number): void {
  for (const kind of kindNamed('Namespace')) {
    for (const namespace of objects.list(kind)) {
      const { name, deletionTimestamp } = namespace.metadata;
      if (deletionTimestamp && now >= behaviour.clocks.since(namespace) + behaviour.terminationMs) {
        endNamespace(objects, name);
      }
    }
  }
  for (const [name, status] of Object.entries(STATUSES)) {
    for (const kind of kindNamed(name)) {
      for (const object of objects.list(kind)) {
        const ready = now >= behaviour.clocks.since(object) + behaviour.readyMs && !waitsForImage(object, behaviour);
        const wanted = status(object, ready);
        if (isDeepStrictEqual(object['status'], wanted)) continue;
        const { namespace } = object.metadata;
        objects.put(
          { kind, name: object.metadata.name, ...(namespace && { namespace }) },
          { ...object, status: wanted },
        );
      }
    }
  }
}

/** Contents first, as the namespace controller does; objects with finalizers hold the namespace. */
function endNamespace(objects: Objects, name: string): void {
  for (const object of objects.inNamespace(name)) {
    if (object.metadata.finalizers?.length) continue;
    const kind = KIND_OF.get(`${object.apiVersion} ${object.kind}`);
    objects.remove({ kind: kind ?? bare(object), namespace: name, name: object.metadata.name });
  }
  if (objects.inNamespace(name).length > 0) return;
  for (const kind of kindNamed('Namespace')) objects.remove({ kind, name });
}

const KIND_OF = new Map(
  KINDS.map((kind) => [`${kind.group ? `${kind.group}/` : ''}${kind.version} ${kind.kind}`, kind]),
);

function bare({ apiVersion, kind }: StoredObject) {
  const [version = '', group = ''] = apiVersion.split('/').reverse();
  return { group, version, kind, plural: '', namespaced: true, generation: true };
}

type StatusOf = (object: StoredObject, ready: boolean) => Record<string, unknown>;

const STATUSES: Record<string, StatusOf> = {
  DaemonSet: (object, ready) => ({
    observedGeneration: object.metadata.generation,
    desiredNumberScheduled: 1,
    currentNumberScheduled: 1,
    updatedNumberScheduled: 1,
    numberAvailable: ready ? 1 : 0,
    numberReady: ready ? 1 : 0,
  }),
  Deployment: (object, ready) => {
    const replicas = replicasOf(object);
    return {
      observedGeneration: object.metadata.generation,
      replicas,
      updatedReplicas: replicas,
      ...(ready && replicas > 0 && { readyReplicas: replicas, availableReplicas: replicas }),
      conditions: [
        { type: 'Available', status: ready ? 'True' : 'False', reason: 'MinimumReplicas' },
        { type: 'Progressing', status: 'True', reason: ready ? 'NewReplicaSetAvailable' : 'ReplicaSetUpdated' },
      ],
    };
  },
  Job: (object, ready) => ({
    startTime: object.metadata.creationTimestamp,
    ...(ready && { succeeded: 1, conditions: [{ type: 'Complete', status: 'True' }] }),
  }),
  PersistentVolumeClaim: (_, ready) => ({ phase: ready ? 'Bound' : 'Pending' }),
  Pod: (_, ready) => ({
    phase: ready ? 'Running' : 'Pending',
    conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
  }),
  StatefulSet: (object, ready) => {
    const replicas = replicasOf(object);
    const revision = `${object.metadata.name}-${object.metadata.generation}`;
    return {
      observedGeneration: object.metadata.generation,
      replicas,
      updatedReplicas: replicas,
      ...(ready && { readyReplicas: replicas, availableReplicas: replicas }),
      currentRevision: revision,
      updateRevision: revision,
    };
  },
};

function replicasOf({ spec }: StoredObject): number {
  return (spec as { replicas?: number } | undefined)?.replicas ?? 1;
}

function waitsForImage({ spec }: StoredObject, behaviour: Behaviour): boolean {
  const { template } = (spec ?? {}) as { template?: { spec?: { containers?: { image?: string }[] } } };
  return (template?.spec?.containers ?? []).some(({ image }) => image !== undefined && behaviour.missingImage(image));
}
