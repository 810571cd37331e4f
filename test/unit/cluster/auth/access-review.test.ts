import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { METADATA, type Send } from '../../../../lib/cluster/api/client.ts';
import { POLICY_VERSION, probePolicies } from '../../../../lib/cluster/admission-policies.ts';
import { isOverprivileged, reviewAccess } from '../../../../lib/cluster/auth/access-review.ts';
import { type Asked, type Scripted, type Told, startScripted, status } from '../scripted.ts';

const ADMISSION = 'admissionregistration.k8s.io';
const RBAC = 'rbac.authorization.k8s.io';
/** Whoever has one of these gets around the policies that hold the app to its own namespaces. */
const TOO_WIDE = [
  ...['validatingadmissionpolicies', 'validatingadmissionpolicybindings'].flatMap((resource) =>
    ['patch', 'update', 'delete'].map((verb) => ({ group: ADMISSION, resource, verb })),
  ),
  ...['users', 'groups', 'serviceaccounts'].map((resource) => ({ group: '', resource, verb: 'impersonate' })),
  ...['get', 'list'].map((verb) => ({ group: '', resource: 'secrets', verb })),
  ...['get', 'list'].map((verb) => ({ group: '', resource: 'secrets', verb, namespace: 'kube-system' })),
  ...['clusterrolebindings', 'rolebindings'].flatMap((resource) =>
    ['create', 'patch', 'update'].map((verb) => ({ group: RBAC, resource, verb })),
  ),
  ...['bind', 'escalate', 'patch', 'update'].map((verb) => ({ group: RBAC, resource: 'clusterroles', verb })),
];
const REVIEWS = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';

let server: Scripted;
beforeAll(async () => {
  server = await startScripted();
});
afterAll(() => server.stop());
beforeEach(() => server.reset());

const rightOf = ({ body }: Asked) => (body as { spec: { resourceAttributes: object } }).spec.resourceAttributes;
const saying = (allowed: unknown): Told => ({ status: 201, body: { status: { allowed } } });

describe('the review of a right of one’s own', () => {
  it('is asked of the API server in its terms', async () => {
    server.answer(saying(true));
    expect(await reviewAccess(server.send, { right: { verb: 'get', resource: 'pods' }, object: 'X' })).toBe(true);
    expect(server.asked).toEqual([
      {
        method: 'POST',
        path: REVIEWS,
        accept: 'application/json',
        contentType: 'application/json',
        body: {
          apiVersion: 'authorization.k8s.io/v1',
          kind: 'SelfSubjectAccessReview',
          spec: { resourceAttributes: { verb: 'get', resource: 'pods' } },
        },
      },
    ]);
  });

  it.each<[string, object, boolean | undefined]>([
    ['no', { status: { allowed: false } }, false],
    ['something else', { status: { allowed: 'true' } }, undefined],
    ['nothing', { status: {} }, undefined],
    ['not even a status', {}, undefined],
  ])('is what the API server says, and no guess: %s', async (_, body, expected) => {
    server.answer({ status: 201, body });
    expect(await reviewAccess(server.send, { right: {}, object: 'X' })).toBe(expected);
  });

  it('is a failure where it is refused', async () => {
    server.answer({ status: 403, body: status(403) });
    await expect(reviewAccess(server.send, { right: {}, object: 'X' })).rejects.toMatchObject({ object: 'X' });
  });
});

describe('a principal that can get around the policies', () => {
  it('is asked for each of the rights that would do', async () => {
    server.answer(() => saying(false));
    expect(await isOverprivileged(server.send)).toBe(false);
    const sorted = (rights: object[]) =>
      rights.map((right) => JSON.stringify(Object.entries(right).toSorted())).toSorted();
    expect(sorted(server.asked.map(rightOf))).toEqual(sorted(TOO_WIDE));
  });

  it.each(TOO_WIDE)('is one that may $verb $resource', async (right) => {
    const sorted = (one: object) => JSON.stringify(Object.entries(one).toSorted());
    const send: Send = async ({ body }) => {
      const asked = (body as { spec: { resourceAttributes: object } }).spec.resourceAttributes;
      const allowed = sorted(asked) === sorted(right);
      return { status: 201, body: { status: { allowed } }, since: undefined, retried: false };
    };
    expect(await isOverprivileged(send)).toBe(true);
  });

  it('may be any where the API server does not say', async () => {
    server.answer((asked) => ({
      status: 201,
      body: JSON.stringify(rightOf(asked)).includes('users') ? {} : { status: { allowed: false } },
    }));
    await expect(isOverprivileged(server.send)).rejects.toMatchObject({
      code: 'unavailable',
      object: 'SelfSubjectAccessReview of impersonate users',
      message: 'SelfSubjectAccessReview of impersonate users: the API server does not say whether it is allowed',
    });
  });
});

describe('the proofs of the policies', () => {
  const OBJECTS = 'feature-branch-provisioner-objects';
  const NAMESPACES = 'feature-branch-provisioner-namespaces';
  const denied = (policy: string): Told => ({
    status: 403,
    body: status(403, {
      message: `ValidatingAdmissionPolicy '${policy}' with binding '${policy}' denied request: ${policy} ${POLICY_VERSION}: no`,
    }),
  });

  it('are dry runs of what nobody of ours may do, by both principals', async () => {
    const deprovisioner = await startScripted();
    const answer = (asked: Asked): Told =>
      asked.path === REVIEWS ? saying(false) : denied(asked.method === 'PATCH' ? OBJECTS : NAMESPACES);
    for (const one of [server, deprovisioner]) one.answer(answer);
    expect(await probePolicies({ provisioner: server.send, deprovisioner: deprovisioner.send })).toBe('bound');
    const proofs = ({ asked }: Scripted) =>
      asked.filter(({ path }) => path !== REVIEWS).toSorted((a, b) => (a.method < b.method ? -1 : 1));
    const PROBE = 'feature-branch-provisioner-probe';
    const JSON_TYPE = { accept: 'application/json', contentType: 'application/json' };
    const apply = {
      method: 'PATCH',
      path: `/api/v1/namespaces/default/configmaps/${PROBE}?fieldManager=feature-branch-provisioner&force=true&fieldValidation=Strict&dryRun=All`,
      accept: METADATA,
      contentType: 'application/apply-patch+yaml',
      body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: PROBE, namespace: 'default' } },
    };
    expect(proofs(server)).toEqual([
      apply,
      {
        method: 'POST',
        path: '/api/v1/namespaces?dryRun=All',
        ...JSON_TYPE,
        body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: PROBE } },
      },
    ]);
    expect(proofs(deprovisioner)).toEqual([
      {
        method: 'DELETE',
        path: '/api/v1/namespaces/kube-node-lease?dryRun=All',
        ...JSON_TYPE,
        body: { apiVersion: 'v1', kind: 'DeleteOptions', dryRun: ['All'] },
      },
      apply,
    ]);
    await deprovisioner.stop();
  });

  it.each([
    ['PATCH', `ConfigMap/default/feature-branch-provisioner-probe`],
    ['POST', 'Namespace/feature-branch-provisioner-probe'],
    ['DELETE', 'Namespace/kube-node-lease'],
  ])('that are not answered are no proof: %s', async (method, object) => {
    server.answer((asked) => {
      if (asked.path === REVIEWS) return saying(false);
      return asked.method === method
        ? { status: 422, body: status(422) }
        : denied(asked.method === 'PATCH' ? OBJECTS : NAMESPACES);
    });
    const probing = probePolicies({ provisioner: server.send, deprovisioner: server.send });
    await expect(probing).rejects.toMatchObject({ code: 'rejected', object });
  });
});
