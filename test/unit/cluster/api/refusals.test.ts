import { describe, expect, it } from '@jest/globals';
import {
  errorOf as untoldErrorOf,
  fieldsOf,
  immutableFields,
  isUnserved,
  statusOf,
} from '../../../../lib/cluster/api/status.ts';
import { keepTold } from '../../../support/keep-told.ts';
import { status } from '../scripted.ts';

const errorOf = keepTold(untoldErrorOf);
const TYPED = 'failed to create typed patch object (x; /v1, Kind=ConfigMap): .dataa: field not declared in schema';
const CONVERTED = 'failed to convert new object (x; /v1, Kind=ConfigMap) to proper version';
const OWN_DENIAL =
  "ValidatingAdmissionPolicy 'feature-branch-provisioner-objects' with binding 'feature-branch-provisioner-objects' denied request: feature-branch-provisioner-objects v1: ";

describe('a refusal', () => {
  it.each<[string, number, object, string]>([
    ['of a schema, which no retry passes', 500, { message: TYPED }, 'rejected'],
    ['of a conversion, which no retry passes', 500, { message: CONVERTED }, 'rejected'],
    ['with a reason, in the words of a schema', 500, { message: TYPED, reason: 'InternalError' }, 'unavailable'],
    ['of a moment, in the words of a schema', 503, { message: TYPED }, 'unavailable'],
    ['in words that quote those of a schema', 500, { message: `webhook: ${TYPED}` }, 'unavailable'],
    ['of a moment, in the words of one too large', 503, { message: 'etcdserver: request is too large' }, 'unavailable'],
    ['without words', 500, { message: undefined }, 'unavailable'],
    [
      'of a right, in the words of one too large',
      403,
      { message: 'etcdserver: request is too large' },
      'not-permitted',
    ],
    [
      'of the end of a namespace',
      403,
      { details: { causes: [{ reason: 'x' }, { reason: 'NamespaceTerminating' }] } },
      'terminating',
    ],
    [
      'that is no 403, with the cause of an end',
      409,
      { details: { causes: [{ reason: 'NamespaceTerminating' }] } },
      'conflict',
    ],
    [
      'of a right to namespaces',
      403,
      { message: 'User "p" cannot get', details: { kind: 'namespaces' } },
      'not-permitted',
    ],
    ['of an object that is not there', 404, { details: { kind: 'pods' } }, 'rejected'],
    [
      'for another uid, whatever else is wrong',
      422,
      { details: { causes: [{ field: 'a' }, { field: 'metadata.uid' }] } },
      'conflict',
    ],
    ['that is no 422, with a cause of uid', 400, { details: { causes: [{ field: 'metadata.uid' }] } }, 'rejected'],
    ['that is no 403, in the words of a quota', 422, { message: 'exceeded quota: q' }, 'rejected'],
    [
      'that is no 403, in the words of a webhook',
      409,
      { message: 'admission webhook "w" denied the request' },
      'conflict',
    ],
    [
      'for want of a right, in the words of a webhook',
      403,
      { message: 'admission webhook "w" denied the request: User "p" cannot get' },
      'not-permitted',
    ],
    [
      'of a quota, in the words of a webhook',
      403,
      { message: 'admission webhook "w" denied the request: exceeded quota: q' },
      'quota',
    ],
    [
      'of a webhook, in the words of a policy',
      403,
      { message: `admission webhook "w" denied the request: ${OWN_DENIAL}it` },
      'rejected',
    ],
    ['of our policy that names what is wrong', 403, { message: `${OWN_DENIAL}it takes a host` }, 'rejected'],
    [
      'of our policy for a namespace of others',
      403,
      { message: `${OWN_DENIAL}the namespace is not managed` },
      'not-permitted',
    ],
    [
      'of another policy',
      403,
      { message: "x is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b'" },
      'rejected',
    ],
    ['of pod security', 403, { message: 'violates PodSecurity "baseline:latest": no' }, 'rejected'],
    ['of some plug-in', 403, { message: 'pods "x" is forbidden: no' }, 'rejected'],
    ['of nobody who says who', 403, { message: 'no' }, 'not-permitted'],
    ['of our token', 401, { message: 'Unauthorized', details: { kind: 'pods' } }, 'not-permitted'],
    [
      'of a right to a kind without a group',
      403,
      { message: 'no', details: { kind: 'pods', group: '' } },
      'not-permitted',
    ],
    [
      'of a right to a kind of a group',
      403,
      { message: 'no', details: { kind: 'jobs', group: 'batch' } },
      'not-permitted',
    ],
    ['of a right to Secrets', 403, { message: 'no', details: { kind: 'secrets' } }, 'not-permitted'],
    ['of a right to nothing that is named', 403, { message: 'no', details: {} }, 'not-permitted'],
    ['of one too large', 413, { message: 'limit is 3145728' }, 'rejected'],
    ['of one too large, that names a webhook', 500, { message: 'etcdserver: request is too large' }, 'rejected'],
  ])('%s is told by its status and its causes first', (_, code, more, expected) => {
    expect(errorOf({ status: code, body: status(code, more), object: 'X/x' })).toMatchObject({
      code: expected,
      object: 'X/x',
    });
  });

  it('says how long to wait only where the server does', () => {
    const [told, untold] = [{ retryAfterMs: 7_000 }, {}].map((more) =>
      errorOf({ status: 503, body: status(503), object: 'X/x', ...more }),
    );
    expect([told?.retryAfterMs, untold?.retryAfterMs]).toEqual([7_000, undefined]);
  });

  it.each<[string, unknown]>([
    ['no object', 'text'],
    ['null', null],
    ['nothing', undefined],
    ['an object of another kind', { kind: 'Pod', message: 'hidden' }],
    ['an object of no kind', { message: 'hidden' }],
  ])('in %s has no words', (_, body) => {
    expect(statusOf(body)).toEqual({});
    expect(errorOf({ status: 422, body, object: 'X/x' }).message).toBe('X/x: the API server answered 422');
  });

  it('is the server’s status as it is', () => {
    const body = status(422);
    expect(statusOf(body)).toBe(body);
  });

  it('is cut to 400 characters', () => {
    const messageOf = (length: number) =>
      untoldErrorOf({ status: 422, body: status(422, { message: 'm'.repeat(length) }), object: 'X/x' }).message;
    expect(messageOf(400)).toBe(`X/x: ${'m'.repeat(400)}`);
    expect(messageOf(401)).toBe(`X/x: ${'m'.repeat(110)} … ${'m'.repeat(290)}`);
  });
});

describe('a refusal of a Secret', () => {
  it.each<[string, object, string]>([
    [
      'its reason and each field once',
      { reason: 'Invalid', details: { causes: [{ field: 'a' }, { field: 'b' }, { field: 'a' }] } },
      'refused: Invalid a b',
    ],
    [
      'its reason alone where no field is named',
      { reason: 'Invalid', details: { causes: [{}, { field: '' }] } },
      'refused: Invalid',
    ],
    ['that it does not fit the schema', { message: TYPED }, 'refused: it does not fit the schema'],
    ['its reason rather than its words', { reason: 'Invalid', message: TYPED }, 'refused: Invalid'],
    ['no word of others', { message: 'hidden', details: { causes: [{ field: 'a' }] } }, 'the API server answered 500'],
    ['no word where there is none', { message: undefined }, 'the API server answered 500'],
  ])('tells %s', (_, more, expected) => {
    const body = status(500, more);
    expect(errorOf({ status: 500, body, object: 'Secret/x', secret: true }).message).toBe(`Secret/x: ${expected}`);
  });
});

describe('a kind that is not served', () => {
  it.each<[number, object, boolean]>([
    [404, {}, true],
    [404, { details: {} }, true],
    [404, { details: { kind: 'pods' } }, false],
    [403, {}, false],
  ])('is a %i about no kind: %j', (code, body, expected) => {
    expect(isUnserved(code, body)).toBe(expected);
    const { message } = errorOf({ status: code, body: { kind: 'Status', ...body }, object: 'X/x' });
    expect(message.includes('the cluster does not serve this kind')).toBe(expected);
  });
});

describe('the fields that keep an update from being made', () => {
  const fixed = { field: 'spec.selector', message: 'Invalid value: field is immutable' };
  const bodyOf = (...causes: { field?: string; message?: string }[]) => ({ details: { causes } });

  it.each([
    'field is immutable',
    "updates to statefulset spec for fields other than 'replicas' are forbidden",
    'pod updates may not change fields other than image',
    'may not change once set',
    'cannot change roleRef',
  ])('are those that a server says this of: %s', (message) => {
    expect(immutableFields(422, bodyOf({ field: 'spec', message }))).toBe('spec');
  });

  it.each<[string, number, object, string | undefined]>([
    ['all of them', 422, bodyOf(fixed, { ...fixed, field: 'spec.name' }), 'spec.selector, spec.name'],
    ['of another status', 409, bodyOf(fixed), undefined],
    ['beside another fault', 422, bodyOf(fixed, { field: 'spec.x', message: 'may not be specified' }), undefined],
    ['beside a fault without words', 422, bodyOf(fixed, { field: 'spec.x' }), undefined],
    ['of no cause', 422, bodyOf(), undefined],
    ['of no details', 422, {}, undefined],
    ['of another object’s uid', 422, bodyOf({ ...fixed, field: 'metadata.uid' }), undefined],
  ])('are none unless nothing else is wrong: %s', (_, code, body, expected) => {
    expect(immutableFields(code, body)).toBe(expected);
  });

  it('are named once each, and the spec where none is', () => {
    expect(fieldsOf(bodyOf(fixed, { field: 'b' }, fixed))).toBe('spec.selector, b');
    expect(fieldsOf(bodyOf({ message: 'x' }))).toBe('spec');
    expect(fieldsOf(bodyOf({ field: '' }))).toBe('spec');
    expect([fieldsOf({}), fieldsOf({ details: {} }), fieldsOf(bodyOf())]).toEqual(['spec', 'spec', 'spec']);
  });
});
