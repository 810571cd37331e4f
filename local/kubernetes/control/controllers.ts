import { isDeepStrictEqual } from 'node:util';
import type { Behaviour } from '../http/options.ts';
import { kindOf } from '../objects/kinds.ts';
import type { Objects, Place, StoredObject } from '../objects/objects.ts';
import { openWayIn } from './way-in.ts';

const NAMESPACE = kindOf('v1', 'Namespace');

/**
 * Does what controllers and kubelets would have done by now: removes namespaces whose termination is due, with their
 * contents, and sets the status of workloads.
 */
export function settle(objects: Objects, behaviour: Behaviour, now: number): void {
  for (const namespace of objects.list(NAMESPACE)) {
    const { name, deletionTimestamp } = namespace.metadata;
    const due = behaviour.clocks.since(namespace) + behaviour.terminationMs;
    if (deletionTimestamp && now >= due) endNamespace(objects, name);
  }
  for (const [apiVersion, kinds] of Object.entries(STATUSES)) {
    for (const [name, status] of Object.entries(kinds)) {
      const kind = kindOf(apiVersion, name);
      for (const object of objects.list(kind)) {
        if (isReported(object)) continue;
        const ready = now >= behaviour.clocks.since(object) + behaviour.readyMs && !waitsForImage(object, behaviour);
        const wanted = status(object, ready);
        if (!isDeepStrictEqual(object['status'], wanted)) objects.put(placeOf(object), { ...object, status: wanted });
      }
    }
  }
  openWayIn(objects);
}

/** Somebody wrote its status in place of a kubelet. */
function isReported({ kind, metadata: { managedFields = [] } }: StoredObject): boolean {
  return kind === 'Pod' && managedFields.some(({ subresource }) => subresource === 'status');
}

/** Contents first, as the namespace controller does; objects with finalizers hold the namespace. */
function endNamespace(objects: Objects, name: string): void {
  for (const { place, object } of objects.inNamespace(name)) {
    if (!object.metadata.finalizers?.length) objects.remove(place);
  }
  if (objects.inNamespace(name).length === 0) objects.remove({ kind: NAMESPACE, name });
}

function placeOf({ apiVersion, kind, metadata: { name, namespace } }: StoredObject): Place {
  return { kind: kindOf(apiVersion, kind), name, ...(namespace && { namespace }) };
}

type StatusOf = (object: StoredObject, ready: boolean) => Record<string, unknown>;

const STATUSES: Record<string, Record<string, StatusOf>> = {
  v1: {
    PersistentVolumeClaim: (_, ready) => ({ phase: ready ? 'Bound' : 'Pending' }),
    Pod: (_, ready) => ({
      phase: ready ? 'Running' : 'Pending',
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
    }),
  },
  'apps/v1': {
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
  },
  'batch/v1': {
    Job: (object, ready) => ({
      startTime: object.metadata.creationTimestamp,
      ...(ready && { succeeded: 1, conditions: [{ type: 'Complete', status: 'True' }] }),
    }),
  },
};

function replicasOf({ spec }: StoredObject): number {
  return (spec as { replicas?: number } | undefined)?.replicas ?? 1;
}

function waitsForImage({ spec }: StoredObject, behaviour: Behaviour): boolean {
  const { template } = (spec ?? {}) as { template?: { spec?: { containers?: { image?: string }[] } } };
  return (template?.spec?.containers ?? []).some(({ image }) => image !== undefined && behaviour.missingImage(image));
}
