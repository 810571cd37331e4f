import { judgeEnvironment } from '../../../../lib/cluster/readiness/judge.ts';
import type { LiveEvent, LivePod, ReadObject, Reading } from '../../../../lib/cluster/readiness/reading.ts';
import type { LiveObject } from '../../../../lib/cluster/api/object-meta.ts';
import type { Readiness } from '../../../../lib/environment/ports/readiness.ts';
import { keepTold } from '../../../support/keep-told.ts';

const tell = keepTold(judgeEnvironment);

/** The moment at which all recorded objects are judged. */
export const NOW = Date.parse('2026-11-28T10:10:00Z');
export const NAMESPACE = 'feature-x';

/** A time some seconds before NOW, as the API server writes it. */
export function ago(seconds: number): string {
  return `${new Date(NOW - seconds * 1000).toISOString().slice(0, 19)}Z`;
}

export function meta(name: string, more: Partial<LiveObject['metadata']> = {}): LiveObject['metadata'] {
  return { name, namespace: NAMESPACE, uid: `uid-${name}`, resourceVersion: '1', generation: 1, ...more };
}

/** An object of the overlays, as the cluster has it. */
export function object(apiVersion: string, kind: string, live: LiveObject, more: Partial<ReadObject> = {}): ReadObject {
  return { type: { apiVersion, kind }, name: live.metadata.name, live, ...more };
}

type Status = NonNullable<LiveObject['status']>;

const UP = { observedGeneration: 1, replicas: 1, updatedReplicas: 1, readyReplicas: 1, availableReplicas: 1 };
const COMING = { observedGeneration: 1, replicas: 1, updatedReplicas: 1 };

export function deployment(name: string, status: Status = COMING, more: Partial<LiveObject> = {}): ReadObject {
  const metadata = meta(name, { annotations: { 'deployment.kubernetes.io/revision': '2' } });
  return object('apps/v1', 'Deployment', { metadata, spec: { replicas: 1 }, status, ...more });
}
export const upDeployment = (name: string): ReadObject => deployment(name, UP);

export function statefulSet(name: string, status: Status, more: Record<string, unknown> = {}): ReadObject {
  return object('apps/v1', 'StatefulSet', { metadata: meta(name), spec: { replicas: 1, ...more }, status });
}

export function job(name: string, status: Status = {}, more: Record<string, unknown> = {}): ReadObject {
  return object('batch/v1', 'Job', { metadata: meta(name), spec: more, status });
}

/** The ReplicaSet of a Deployment's newest or older template. */
export function replicaSet(deploymentName: string, hash: string, revision = '2'): LiveObject {
  const owner = { kind: 'Deployment', name: deploymentName, uid: `uid-${deploymentName}`, controller: true };
  const annotations = { 'deployment.kubernetes.io/revision': revision };
  return { metadata: meta(`${deploymentName}-${hash}`, { annotations, ownerReferences: [owner] }) };
}

/** A pod and who made it: `ReplicaSet/web-1`, `StatefulSet/db`, `Job/migrate`. */
export function pod(
  name: string,
  owner: string,
  status: LivePod['status'],
  more: { spec?: LivePod['spec']; labels?: Record<string, string>; deletionTimestamp?: string; created?: string } = {},
): LivePod {
  const [kind = '', ownerName = ''] = owner.split('/');
  const { spec = { containers: [{ name: 'main', image: 'reg.test/web:v1' }] }, labels = {}, deletionTimestamp } = more;
  return {
    metadata: meta(name, {
      labels: { 'pod-template-hash': ownerName.split('-').at(-1) ?? '', ...labels },
      creationTimestamp: more.created ?? ago(300),
      ownerReferences: [{ kind, name: ownerName, uid: `uid-${ownerName}`, controller: true }],
      ...(deletionTimestamp !== undefined && { deletionTimestamp }),
    }),
    spec,
    status,
  };
}

export const READY_POD: LivePod['status'] = {
  phase: 'Running',
  conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: ago(290) }],
  containerStatuses: [
    { name: 'main', ready: true, started: true, restartCount: 0, state: { running: { startedAt: ago(295) } } },
  ],
};

export function warning(about: string, reason: string, message: string, at = ago(5)): LiveEvent {
  const [kind = '', name = ''] = about.split('/');
  return {
    type: 'Warning',
    reason,
    message,
    involvedObject: { kind, name, uid: `uid-${name}` },
    firstTimestamp: at,
    lastTimestamp: at,
  };
}

/**
 * Judges what was read, with evidence, as a reading of a namespace that is not up has it. All that a person is told of it
 * is kept beside the tests, word by word.
 */
export function judge(
  objects: ReadObject[],
  more: Partial<Reading> & { events?: LiveEvent[]; sets?: LiveObject[] } = {},
): Readiness {
  const { events = [], sets = [], ...rest } = more;
  return tell({
    namespace: NAMESPACE,
    now: NOW,
    hasFallen: false,
    objects,
    pods: [],
    evidence: { replicaSets: sets, events },
    ...rest,
  });
}
