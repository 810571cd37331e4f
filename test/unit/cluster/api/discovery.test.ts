import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Answer, Call, Send } from '../../../../lib/cluster/api/client.ts';
import { createDiscovery } from '../../../../lib/cluster/api/rest-mapping.ts';
import { ProvisionerError } from '../../../../lib/errors.ts';
import { type VirtualClock, virtualClock } from '../../../support/fakes/clock.ts';

const WIDGET = { apiVersion: 'example.org/v1', kind: 'Widget' };
const FOUND = { root: '/apis/example.org/v1', plural: 'widgets', namespaced: true };
const widgets = (name = 'widgets', more: object = {}) => ({ name, kind: 'Widget', namespaced: true, ...more });

let clock: VirtualClock;
let asked: string[];
let answers: (Pick<Answer, 'status' | 'body'> | Error)[];

beforeEach(() => {
  clock = virtualClock();
  asked = [];
  answers = [];
});

/** Answers what is queued, and the last of it again. */
const send: Send = async ({ method, path }: Call) => {
  asked.push(`${method} ${path}`);
  const next = answers.length > 1 ? answers.shift() : answers[0];
  if (next === undefined || next instanceof Error) throw next ?? new Error('not expected');
  return { since: undefined, retried: false, ...next };
};
const served = (...resources: object[]) => ({ status: 200, body: { resources } });

describe('the path of a kind', () => {
  it.each<[string, object[]]>([
    ['after it', [widgets(), widgets('widgets/status')]],
    ['before it', [widgets('widgets/status', { namespaced: false }), widgets()]],
  ])('is its own, and not that of a subresource that the API server lists %s', async (_, resources) => {
    answers = [served(...resources)];
    expect(await createDiscovery(send, clock).resourceOf(WIDGET)).toEqual(FOUND);
  });

  it.each([
    ['of the core group', { apiVersion: 'v2', kind: 'Widget' }, '/api/v2'],
    ['of another group', WIDGET, '/apis/example.org/v1'],
  ])('%s is below its root', async (_, type, root) => {
    answers = [served(widgets('widgets', { namespaced: false }))];
    expect(await createDiscovery(send, clock).resourceOf(type)).toEqual({ root, plural: 'widgets', namespaced: false });
    expect(asked).toEqual([`GET ${root}`]);
  });

  it.each<[string, Pick<Answer, 'status' | 'body'>]>([
    ['the API version is not served', { status: 404, body: undefined }],
    ['the API version has no resources', { status: 200, body: {} }],
    ['the API version has other kinds', served({ name: 'gadgets', kind: 'Gadget', namespaced: true })],
  ])('is none where %s, for half a minute', async (_, answer) => {
    answers = [answer, served(widgets())];
    const discovery = createDiscovery(send, clock);

    expect(await discovery.resourceOf(WIDGET)).toBeUndefined();
    clock.advance(29_999);
    expect(await discovery.resourceOf(WIDGET)).toBeUndefined();
    expect(asked).toHaveLength(1);
    clock.advance(1);
    expect(await discovery.resourceOf(WIDGET)).toEqual(FOUND);
  });

  it('is kept once found, and asked for once by many', async () => {
    answers = [served(widgets())];
    const discovery = createDiscovery(send, clock);
    await Promise.all([discovery.resourceOf(WIDGET), discovery.resourceOf(WIDGET)]);
    clock.advance(3_600_000);

    expect(await discovery.resourceOf(WIDGET)).toEqual(FOUND);
    expect(asked).toHaveLength(1);
  });

  it('is asked for again after a failure, which is no answer', async () => {
    answers = [new ProvisionerError('unavailable', 'no answer'), served(widgets())];
    const discovery = createDiscovery(send, clock);

    await expect(discovery.resourceOf(WIDGET)).rejects.toMatchObject({ code: 'unavailable' });
    expect(await discovery.resourceOf(WIDGET)).toEqual(FOUND);
  });
});
