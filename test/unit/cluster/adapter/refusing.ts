import { METADATA } from '../../../../lib/cluster/api/client.ts';
import { createDiscovery } from '../../../../lib/cluster/api/rest-mapping.ts';
import { applyObjects } from '../../../../lib/cluster/apply.ts';
import type { Applied, KubeObject } from '../../../../lib/environment/ports/cluster.ts';
import { type Asked, type Scripted, type Told, startScripted, status } from '../scripted.ts';

const namespace = 'feature-a';
export const OURS = {
  ...{ manager: 'feature-branch-provisioner', operation: 'Apply', time: 't' },
  fieldsV1: { 'f:spec': { 'f:a': {} } },
};
export const THEIRS = {
  ...{ manager: 'kubectl', operation: 'Update', time: 't' },
  fieldsV1: { 'f:spec': { 'f:b': {} } },
};
export const LIVE = { name: 'x', namespace, uid: 'u', resourceVersion: '7', managedFields: [THEIRS, OURS] };
/** What is there is in the way. */
export const FIXED: Told = {
  status: 422,
  body: status(422, { details: { causes: [{ field: 'spec.selector', message: 'field is immutable' }] } }),
};
/** What is there may be in the way, or the object is wrong. */
export const WRONG: Told = {
  status: 422,
  body: status(422, { details: { causes: [{ field: 'spec.b', message: 'no' }] } }),
};
const STAMPED = { ...OURS, time: '2999-01-01T00:00:00Z' };
export const APPLIED: Told = {
  status: 200,
  body: { metadata: { ...LIVE, resourceVersion: '8', managedFields: [THEIRS, STAMPED] } },
};

export const object = (apiVersion: string, kind: string): KubeObject => ({
  ...{ apiVersion, kind, metadata: { name: 'x' } },
  spec: { a: 1 },
});
export const DEPLOYMENT = object('apps/v1', 'Deployment');
export const DEPLOYMENT_PATH = '/apis/apps/v1/namespaces/feature-a/deployments/x';

type Step = 'apply' | 'probe' | 'read' | 'look' | 'patch' | 'delete';

export interface Refusing {
  server: Scripted;
  /** The answers to each kind of call, in turn; the last of them for all that follow. */
  answering(answers: Partial<Record<Step, Told[]>>): void;
  apply(wanted: KubeObject): Promise<Applied>;
  /** What was asked for, each guarded write as such. */
  steps(): string[];
}

/** An API server that refuses applies, as a test says. */
export async function startRefusing(): Promise<Refusing> {
  const server = await startScripted();
  const next = (of: Told[] | undefined): Told | undefined => (of && of.length > 1 ? of.shift() : of?.[0]);
  return {
    server,
    answering: (answers) => server.answer((asked: Asked) => next(answers[stepOf(asked)])),
    apply: (wanted) =>
      applyObjects(
        { send: server.send, discovery: createDiscovery(server.send, server.clock), concurrency: 1 },
        [wanted],
        { namespace, fresh: true, known: [], writeGuard: server.writeGuard },
      ),
    steps: () => server.asked.map((asked) => `${stepOf(asked)}${asked.isGuarded ? ' guarded' : ''}`),
  };
}

function stepOf({ method, path, accept, contentType }: Asked): Step {
  if (method === 'DELETE') return 'delete';
  if (method === 'GET') return accept === METADATA ? 'look' : 'read';
  if (contentType === 'application/json-patch+json') return 'patch';
  if (path.includes('fieldManager=feature-branch-provisioner-probe')) return 'look';
  return path.includes('/feature-branch-provisioner-probe?') ? 'probe' : 'apply';
}
