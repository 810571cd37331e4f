import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { FaultCall } from '../../../../local/kubernetes/http/options.ts';
import { FIELD_MANAGER } from '../../../../lib/cluster/api/object-meta.ts';
import type { KubeObject } from '../../../../lib/environment/ports/cluster.ts';
import { type Running, configMap, startRunning } from '../running.ts';

const writeGuard = () => undefined;
type Answer = { status: number; body?: unknown };

let running: Running;
let namespace: string;
let made = 0;
beforeAll(async () => {
  running = await startRunning();
});
afterAll(() => running.stop());
beforeEach(async () => {
  running.kubernetes.behaviour.fault = () => undefined;
  namespace = `feature-answers-${(made += 1)}`;
  await running.makeNamespace(namespace);
});

/** The API server's words for a failure. */
const status = (code: number, more: object = {}): Answer => ({
  status: code,
  body: { kind: 'Status', status: 'Failure', message: 'said by the server', code, ...more },
});

/** Calls that fit are answered one after the other, `undefined` by the server itself; those that follow too. */
function answering(fits: (call: FaultCall) => boolean, ...answers: (Answer | undefined)[]): void {
  running.kubernetes.behaviour.fault = (call) => (fits(call) ? answers.shift() : undefined);
}
/** Calls that fit are all answered so. */
const always = (fits: (call: FaultCall) => boolean, answer: Answer): void => {
  running.kubernetes.behaviour.fault = (call) => (fits(call) ? answer : undefined);
};
const isApply = ({ method, dryRun, path }: FaultCall): boolean =>
  method === 'PATCH' && !dryRun && !path.endsWith('probe') && path.includes('/feature-');
const isDryRun = ({ method, dryRun, path }: FaultCall): boolean =>
  method === 'PATCH' && dryRun && /\/(x|feature-broadcaster-secret)$/.test(path);
const isGet = ({ method, path }: FaultCall): boolean => method === 'GET' && path.endsWith('/web');
const isList = ({ method, path }: FaultCall): boolean => method === 'GET' && path.endsWith('/deployments');

describe('the removal of a pod', () => {
  const isDelete = ({ method, path }: FaultCall): boolean => method === 'DELETE' && path.endsWith('/pods/web-0');
  const remove = (uid: string) => running.cluster.deletePod({ namespace, name: 'web-0', uid }, writeGuard);

  it.each<[string, Answer | undefined, string]>([
    ['of one that is gone: absent', undefined, 'absent'],
    ['of another that has its name by now: changed', status(409), 'changed'],
    ['of one that goes: deleted', { status: 200, body: {} }, 'deleted'],
  ])('says %s', async (_, answer, expected) => {
    answering(isDelete, answer);
    expect(await remove('u')).toBe(expected);
  });

  it.each([
    [403, 'not-permitted'],
    [422, 'rejected'],
    [500, 'unavailable'],
  ])('answered %i is %s', async (code, expected) => {
    always(isDelete, status(code));
    await expect(remove('u')).rejects.toMatchObject({ code: expected, object: `Pod/${namespace}/web-0` });
  });
});

describe('the deletion of a namespace', () => {
  const remove = (more: object = {}) =>
    running.cluster.deleteNamespace({ name: namespace, uid: 'u', resourceVersion: '1', ...more }, writeGuard);

  it('spares another of its name, and one that was written to since it was read', async () => {
    const live = await running.cluster.readNamespace(namespace);
    const { uid, resourceVersion } = live ?? { uid: '', resourceVersion: '' };
    expect(await remove()).toBe('changed');
    expect(await remove({ uid })).toBe('changed');
    expect(await remove({ resourceVersion })).toBe('changed');
    expect(await remove({ uid, resourceVersion })).toBe('deleting');
  });

  it('is done where the server says that there is none, and not where a proxy does', async () => {
    const isDelete = ({ method, path }: FaultCall): boolean => method === 'DELETE' && path.endsWith(namespace);
    always(isDelete, status(404, { reason: 'NotFound', details: { kind: 'namespaces' } }));
    expect(await remove()).toBe('absent');
    always(isDelete, { status: 404, body: {} });
    await expect(remove()).rejects.toMatchObject({ code: 'unavailable' });
  });
});

describe('the log of a container', () => {
  const read = () => running.cluster.readLog({ namespace, pod: 'web-0', container: 'c', previous: false });

  it.each<[number, object]>([
    [200, { kind: 'text', text: 'a line' }],
    [400, { kind: 'absent' }],
    [403, { kind: 'denied' }],
    [404, { kind: 'absent' }],
  ])('answered %i is told apart', async (code, expected) => {
    always(({ path }) => path.endsWith('/log'), code === 200 ? { status: 200, body: 'a line' } : status(code));
    expect(await read()).toEqual(expected);
  });

  it('that could not be read is a failure without a word of the answer', async () => {
    always(({ path }) => path.endsWith('/log'), status(500));
    await expect(read()).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.not.stringContaining('said by the server'),
    });
  });
});

describe('what an environment holds, kind by kind', () => {
  const kinds = [
    { apiVersion: 'apps/v1', kind: 'Deployment' },
    { apiVersion: 'v1', kind: 'ConfigMap' },
  ];

  it.each<[number, string]>([
    [403, 'the cluster does not let us list Deployment'],
    [404, 'the cluster does not let us list Deployment'],
    [422, 'DeploymentList/'],
    [500, 'DeploymentList/'],
  ])('is known of the other kinds where one is answered %i', async (code, why) => {
    always(isList, status(code));
    const [first, second] = await running.cluster.inspect(kinds, { namespace });
    expect(first).toMatchObject({ kind: 'Deployment', why: expect.stringContaining(why) });
    expect(second).toMatchObject({ kind: 'ConfigMap', items: expect.any(Array) });
  });
});

describe('a dry run of two objects', () => {
  const plan = () => running.cluster.plan([configMap('x'), configMap('y')], { namespace });

  it.each<[string, Answer, RegExp]>([
    ['403', status(403, { message: 'User "u" cannot patch' }), /cannot patch; grant|cannot patch; apply/],
    ['403 for a quota', status(403, { message: 'forbidden: exceeded quota: q' }), /exceeded quota/],
    ['409', status(409), /said by the server/],
    ['422', status(422), /said by the server/],
  ])('says of one alone that it is unknown where that is answered %s', async (_, answer, why) => {
    always(isDryRun, answer);
    // a 422 is asked for under another name too, and refused there as well
    const { fault } = running.kubernetes.behaviour;
    running.kubernetes.behaviour.fault = (call) => (call.path.endsWith('-probe') ? answer : fault(call));
    expect(await plan()).toEqual([
      { object: `ConfigMap/${namespace}/x`, action: 'unknown', reason: expect.stringMatching(why) },
      { object: `ConfigMap/${namespace}/y`, action: 'created' },
    ]);
  });

  it.each<[string, Answer, string]>([
    ['500', status(500), 'unavailable'],
    [
      '403 for the namespace’s end',
      status(403, { details: { causes: [{ reason: 'NamespaceTerminating' }] } }),
      'terminating',
    ],
    ['404 for the namespace', status(404, { details: { kind: 'namespaces' } }), 'gone'],
  ])('is none at all where one is answered %s', async (_, answer, code) => {
    always(isDryRun, answer);
    await expect(plan()).rejects.toMatchObject({ code });
  });

  it.each<[string, Answer, object]>([
    ['refused', status(422), { action: 'unknown', reason: expect.stringMatching(/said by the server/) }],
    [
      'against the schema',
      { status: 500, body: { kind: 'Status', message: 'failed to create typed patch object (x): no such field' } },
      { action: 'unknown', reason: expect.stringMatching(/said by the server/) },
    ],
    ['over a quota alone', status(403, { message: 'forbidden: exceeded quota: q' }), { action: 'configured' }],
  ])('takes what can not be changed for in the way, unless a new one would be %s', async (_, probed, expected) => {
    running.kubernetes.behaviour.fault = (call) => {
      if (call.path.endsWith('-probe')) return probed;
      return isDryRun(call) ? status(422) : undefined;
    };
    expect((await plan())[0]).toMatchObject(expected);
  });

  it('is none where nobody knows whether a new one would be taken', async () => {
    running.kubernetes.behaviour.fault = (call) => {
      if (call.path.endsWith('-probe')) return status(500);
      return isDryRun(call) ? status(422) : undefined;
    };
    await expect(plan()).rejects.toMatchObject({ code: 'unavailable' });
  });
});

describe('the drift of a Secret', () => {
  /** The one that the shipped role grants. */
  const SECRET = 'feature-broadcaster-secret';
  const secret: KubeObject = { apiVersion: 'v1', kind: 'Secret', metadata: { name: SECRET } };

  it.each<[string, Answer | undefined, object[]]>([
    ['201', undefined, [{ object: 'Secret/NS/SECRET', why: 'missing' }]],
    ['422', status(422), [{ object: 'Secret/NS/SECRET', why: 'changed' }]],
    ['404 for its kind', status(404), [{ object: 'Secret/NS/SECRET', why: 'changed' }]],
  ])('is told by a dry run that is answered %s', async (_, answer, expected) => {
    answering(isDryRun, answer);
    const drifted = await running.cluster.drift([secret], { namespace, known: [] });
    expect(drifted).toEqual(JSON.parse(JSON.stringify(expected).replace('NS', namespace).replace('SECRET', SECRET)));
  });
});

describe('an object that can not be changed', () => {
  const web = (kind: string, apiVersion: string, spec: object): KubeObject => ({
    apiVersion,
    kind,
    metadata: { name: 'web' },
    ...{ spec },
  });
  const deployment = web('Deployment', 'apps/v1', {
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'web:1' }] } },
  });
  const service = web('Service', 'v1', { ports: [{ port: 80 }] });
  const fixed = status(422, { details: { causes: [{ field: 'spec.selector', message: 'field is immutable' }] } });
  const other = status(422, { details: { causes: [{ field: 'spec.strategy', message: 'may not be specified' }] } });
  const apply = (object: KubeObject) =>
    running.cluster.apply([object], { namespace, fresh: true, known: [], writeGuard });

  it.each([
    ['a Deployment', deployment],
    ['a Service, whose address could be lost', service],
  ])('and is gone by then is made again: %s', async (_, object) => {
    answering(isApply, fixed);
    const { changes, error } = await apply(object);
    expect(error).toBeUndefined();
    expect(changes).toMatchObject([{ action: 'configured', reason: 'made again: spec.selector can not be changed' }]);
  });

  it('is waited for where the one that was deleted is still there', async () => {
    always(isApply, fixed);
    expect((await apply(deployment)).error).toMatchObject({
      code: 'conflict',
      message: `Deployment/${namespace}/web: the old one is still being deleted`,
    });
  });

  it('for what the server filled in, and is gone by then, is made again', async () => {
    answering(isApply, other);
    expect((await apply(deployment)).changes).toMatchObject([{ action: 'configured' }]);
  });

  it('for what the server filled in comes again as conflict where somebody wrote meanwhile', async () => {
    const entry = { manager: FIELD_MANAGER, operation: 'Apply', time: '2026-01-01T00:00:00Z', fieldsV1: {} };
    const metadata = { name: 'web', namespace, uid: 'u', resourceVersion: '1', managedFields: [entry] };
    const live = { status: 200, body: { ...deployment, metadata, spec: { strategy: { type: 'RollingUpdate' } } } };
    const applies = [other, status(409)];
    running.kubernetes.behaviour.fault = (call) => (isGet(call) ? live : isApply(call) ? applies.shift() : undefined);
    expect((await apply(deployment)).error).toMatchObject({
      code: 'conflict',
      message: `Deployment/${namespace}/web: it changed meanwhile`,
    });
    expect(applies).toEqual([]);
  });

  it('for the uid or version of another object is no conflict that a retry could end', async () => {
    always(isApply, status(409));
    const exported = { ...deployment, metadata: { name: 'web', resourceVersion: '7' } };
    expect((await apply(exported)).error).toMatchObject({ code: 'rejected' });
    expect((await apply(deployment)).error).toMatchObject({ code: 'conflict' });
  });
});
