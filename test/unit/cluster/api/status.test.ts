import { describe, expect, it } from '@jest/globals';
import { errorOf as untoldErrorOf } from '../../../../lib/cluster/api/status.ts';
import { keepTold } from '../../../support/keep-told.ts';

const errorOf = keepTold(untoldErrorOf);

const status = (body: object) => ({ kind: 'Status', status: 'Failure', ...body });

describe('errorOf', () => {
  it.each([
    [401, status({ reason: 'Unauthorized', message: 'Unauthorized' }), 'not-permitted'],
    [403, status({ reason: 'Forbidden', message: 'User "p" cannot patch' }), 'not-permitted'],
    [
      403,
      status({ details: { causes: [{ reason: 'NamespaceTerminating' }] }, message: 'being terminated' }),
      'terminating',
    ],
    [403, status({ message: 'pods "x" is forbidden: exceeded quota: q, requested: pods=1' }), 'quota'],
    [404, status({ details: { kind: 'namespaces' }, message: 'namespaces "x" not found' }), 'gone'],
    [404, status({ details: {}, message: 'the server could not find the requested resource' }), 'rejected'],
    [409, status({ reason: 'Conflict', message: 'Apply failed' }), 'conflict'],
    [422, status({ reason: 'Invalid', message: 'is invalid' }), 'rejected'],
    [422, status({ reason: 'Invalid', details: { causes: [{ field: 'metadata.uid' }] }, message: 'uid' }), 'conflict'],
    [429, status({ reason: 'TooManyRequests', message: 'slow down' }), 'unavailable'],
    [500, status({ reason: 'InternalError', message: 'etcd' }), 'unavailable'],
    [500, status({ message: 'etcdserver: leader changed' }), 'unavailable'],
    [500, status({ message: 'failed to create typed patch object (/c; /v1, Kind=ConfigMap): .x' }), 'rejected'],
    [502, '<html>bad gateway</html>', 'unavailable'],
  ])('calls a %d like %j %s', (code, body, expected) => {
    expect(errorOf({ status: code, body, object: 'ConfigMap/a/b' })).toMatchObject({
      code: expected,
      object: 'ConfigMap/a/b',
    });
  });

  it('says in one line of bounded length what the server says', () => {
    const body = status({ message: `first\n  second ${'x'.repeat(1000)}` });
    const { message } = errorOf({ status: 422, body, object: 'ConfigMap/a/b' });
    expect(message).toMatch(/^ConfigMap\/a\/b: first second x+ … x+$/);
    expect(message.length).toBeLessThan(450);
  });

  it('names fields and reason of a refused Secret but repeats no words of the server', () => {
    const causes = [{ field: 'data[a b]', message: 'Invalid value: "hidden"' }];
    const body = status({ reason: 'Invalid', message: 'Invalid value: "hidden"', details: { causes } });
    const { message } = errorOf({ status: 422, body, object: 'Secret/a/b', secret: true });
    expect(message).toBe('Secret/a/b: refused: Invalid data[a b]');
    const typed = status({ message: 'failed to create typed patch object (x): .data.a: expected string, got hidden' });
    expect(errorOf({ status: 500, body: typed, object: 'Secret/a/b', secret: true }).message).not.toContain('hidden');
  });
});

describe('a 403', () => {
  const of = (message: string) =>
    errorOf({ status: 403, body: { kind: 'Status', reason: 'Forbidden', message }, object: 'Pod/x' });
  it.each([
    ['pods "x" is forbidden: User "app" cannot patch resource "pods"', 'not-permitted', /principals\.env/],
    [
      'roles "x" is forbidden: user "app" is attempting to grant RBAC permissions not currently held',
      'not-permitted',
      /./,
    ],
    ['admission webhook "a.b.c" denied the request: no', 'rejected', /^the admission webhook a\.b\.c denied it/],
    [
      "x is forbidden: ValidatingAdmissionPolicy 'feature-branch-provisioner-objects' with binding 'feature-branch-provisioner-objects' denied request: feature-branch-provisioner-objects v1: it takes a host that is not one of this branch, or any host",
      'rejected',
      /^change the overlay as the policy says, or .*settings\.env/,
    ],
    [
      "x is forbidden: ValidatingAdmissionPolicy 'feature-branch-provisioner-objects' with binding 'feature-branch-provisioner-objects' denied request: feature-branch-provisioner-objects v1: the namespace is not managed by feature-branch-provisioner",
      'not-permitted',
      /principals\.env/,
    ],
    [
      `pods "x" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no`,
      'rejected',
      /policy p /,
    ],
    [
      'pods "x" is forbidden: violates PodSecurity "restricted:latest": no',
      'rejected',
      /^PodSecurity "restricted:latest"/,
    ],
    ['pods "x" is forbidden: minimum cpu usage per Container is 1', 'rejected', /^an admission plug-in/],
    ['pods "x" is forbidden: exceeded quota: q', 'quota', /./],
    [
      `x is forbidden: ValidatingAdmissionPolicy 'feature-branch-provisioner-objects' denied request`,
      'not-permitted',
      /./,
    ],
    ['', 'not-permitted', /./],
  ])('%s is %s', (message, code, fix) => {
    expect(of(message)).toMatchObject({ code, fix: expect.stringMatching(fix) });
  });
});

describe('an object that is too large', () => {
  it.each([
    [500, 'etcdserver: request is too large'],
    [500, 'rpc error: code = ResourceExhausted desc = trying to send message larger than max (2 vs. 1)'],
    [413, 'limit is 3145728'],
  ])('is rejected for good (%s %s)', (status, message) => {
    const error = errorOf({ status, body: { kind: 'Status', message }, object: 'ConfigMap/x' });
    expect(error).toMatchObject({ code: 'rejected', retryable: false, fix: expect.stringMatching(/smaller/) });
  });
});

describe('a missing right', () => {
  it.each([
    [
      'horizontalpodautoscalers',
      'autoscaling',
      /^grant get, list, create, patch and delete of horizontalpodautoscalers\.autoscaling in a ClusterRole labelled feature-branch-provisioner\/aggregate=true/,
    ],
    ['pods', '', /^grant get, list, create, patch and delete of pods in a ClusterRole/],
    ['secrets', '', /^grant create, patch and delete, by name, of secrets in a ClusterRole/],
    ['namespaces', '', /principals\.env/],
  ])('to %s of the group "%s" is named with what grants it', (kind, group, fix) => {
    const details = { kind, ...(group !== '' && { group }) };
    const message = `${kind} "x" is forbidden: User "app" cannot patch resource "${kind}" in API group "${group}"`;
    const body = status({ reason: 'Forbidden', message, details });

    const error = errorOf({ status: 403, body, object: 'X/x' });

    expect(error).toMatchObject({ code: 'not-permitted', fix: expect.stringMatching(fix) });
  });
});
