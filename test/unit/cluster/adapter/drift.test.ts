import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { METADATA, METADATA_LIST } from '../../../../lib/cluster/api/client.ts';
import { type ManagedFieldsEntry, managedMark } from '../../../../lib/cluster/api/object-meta.ts';
import { createDiscovery } from '../../../../lib/cluster/api/rest-mapping.ts';
import { findDrift } from '../../../../lib/cluster/diff.ts';
import { createReplicas } from '../../../../lib/cluster/replicas.ts';
import type { InventoryEntry, KubeObject } from '../../../../lib/environment/ports/cluster.ts';
import { type Scripted, type Told, startScripted, status } from '../scripted.ts';

const namespace = 'feature-a';
const DATE = { date: 'Mon, 23 Nov 2026 10:00:10 GMT' };
const [OLD, NOW] = ['2026-11-23T10:00:00Z', '2026-11-23T10:00:10Z'];
const ours = (fieldsV1: object = {}, time = OLD): ManagedFieldsEntry => ({
  ...{ manager: 'feature-branch-provisioner', operation: 'Apply', time, fieldsV1 },
});
const object = (kind: string, name: string, more: object = {}): KubeObject => ({
  ...{ apiVersion: 'v1', kind, metadata: { name } },
  ...more,
});
const config = (name: string) => object('ConfigMap', name);
const known = ({ apiVersion, kind, metadata: { name } }: KubeObject, managed?: string): InventoryEntry => ({
  ...{ apiVersion, kind, name },
  ...(managed !== undefined && { managed }),
});
const MARK = managedMark([ours()]) ?? '';

let server: Scripted;
beforeAll(async () => {
  server = await startScripted();
});
afterAll(() => server.stop());
beforeEach(() => server.reset());

const context = () => ({ send: server.send, discovery: createDiscovery(server.send, server.clock), concurrency: 1 });
const drift = (objects: KubeObject[], recorded: InventoryEntry[]) =>
  findDrift(context(), objects, { namespace, known: recorded });
const live = (...items: [name: string, managedFields: ManagedFieldsEntry[]][]): Told => ({
  status: 200,
  body: {
    items: items.map(([name, managedFields]) => ({
      metadata: { name, uid: 'u', resourceVersion: '1', managedFields },
    })),
  },
});

const NONE: Told = { status: 404, body: status(404) };

describe('drift', () => {
  it('is found by one list of metadata for each kind, and told in the order of the objects', async () => {
    const account = object('ServiceAccount', 'same');
    const [same, changed, gone, unrecorded, unmarked] = [
      ...[config('same'), config('changed'), config('gone'), config('unrecorded'), config('unmarked')],
    ] as const;
    server.answer(
      live(['same', [ours({ 'f:x': {} })]]),
      live(
        ...[
          ['unmarked', [ours()]] satisfies [string, ManagedFieldsEntry[]],
          ['unrecorded', [ours()]] satisfies [string, ManagedFieldsEntry[]],
          ['changed', [ours({ 'f:data': {} })]] satisfies [string, ManagedFieldsEntry[]],
          ['same', [ours()]] satisfies [string, ManagedFieldsEntry[]],
        ],
      ),
    );
    const recorded = [...[same, changed, gone].map((one) => known(one, MARK)), known(unmarked), known(account, MARK)];
    expect(await drift([account, same, changed, gone, unrecorded, unmarked], recorded)).toEqual([
      { object: 'ServiceAccount/feature-a/same', why: 'changed' },
      { object: 'ConfigMap/feature-a/changed', why: 'changed' },
      { object: 'ConfigMap/feature-a/gone', why: 'missing' },
      { object: 'ConfigMap/feature-a/unrecorded', why: 'changed' },
      { object: 'ConfigMap/feature-a/unmarked', why: 'changed' },
    ]);
    expect(server.asked).toEqual(
      ['serviceaccounts', 'configmaps'].map((plural) => ({
        method: 'GET',
        path: `/api/v1/namespaces/feature-a/${plural}?limit=500`,
        accept: METADATA_LIST,
      })),
    );
  });

  it.each<[string, object, object[]]>([
    ['is', {}, [{ object: 'Widget/feature-a/w', why: 'missing' }]],
    ['is not', { annotations: { 'feature-branch-provisioner/optional': 'true' } }, []],
  ])('%s that a kind is not served', async (_, more, expected) => {
    server.answer(NONE);
    const widget = { apiVersion: 'example.org/v1', kind: 'Widget', metadata: { name: 'w', ...more } };
    expect(await drift([widget], [])).toEqual(expected);
  });

  it('is that an object is gone of a kind that is served, optional or not', async () => {
    server.answer(live());
    const optional = {
      ...config('c'),
      metadata: { name: 'c', annotations: { 'feature-branch-provisioner/optional': 'true' } },
    };
    expect(await drift([optional], [])).toEqual([{ object: 'ConfigMap/feature-a/c', why: 'missing' }]);
  });

  it('is that all of a kind are gone where it may not be listed', async () => {
    server.answer({ status: 403, body: status(403) });
    expect(await drift([config('c')], [known(config('c'), MARK)])).toEqual([
      { object: 'ConfigMap/feature-a/c', why: 'missing' },
    ]);
  });

  it('of nothing is none', async () => {
    expect(await drift([], [])).toEqual([]);
    expect(server.asked).toEqual([]);
  });

  const dryRun = (time: string | undefined, code = 200): Told => ({
    status: code,
    headers: DATE,
    body: {
      metadata: {
        name: 's',
        uid: 'u',
        resourceVersion: '1',
        ...(time !== undefined && { managedFields: [ours({}, time)] }),
      },
    },
  });

  it.each<[string, Told, string | undefined]>([
    ['it would be made', dryRun(NOW, 201), 'missing'],
    ['it stays as it is', dryRun(OLD), undefined],
    ['it would be stamped', dryRun(NOW), 'changed'],
    ['nothing of it is ours', dryRun(undefined), 'changed'],
    ['its fields can not be changed', { status: 422, body: status(422) }, 'changed'],
    ['its path is not served', NONE, 'changed'],
  ])('of a Secret is told by a dry run: %s', async (_, told, why) => {
    server.answer(told);
    const secret = object('Secret', 's');
    expect(await drift([secret], [known(secret, MARK)])).toEqual(
      why === undefined ? [] : [{ object: 'Secret/feature-a/s', why }],
    );
    const query = 'fieldManager=feature-branch-provisioner&force=true&fieldValidation=Strict&dryRun=All';
    expect(server.asked).toEqual([
      {
        method: 'PATCH',
        path: `/api/v1/namespaces/feature-a/secrets/s?${query}`,
        accept: METADATA,
        contentType: 'application/apply-patch+yaml',
        body: secret,
      },
    ]);
  });

  it('of several Secrets is one dry run each', async () => {
    server.answer(dryRun(OLD), dryRun(NOW));
    expect(await drift([object('Secret', 's'), object('Secret', 't')], [])).toEqual([
      { object: 'Secret/feature-a/t', why: 'changed' },
    ]);
    expect(server.asked).toHaveLength(2);
  });
});

describe('replicas', () => {
  const SCALED: ManagedFieldsEntry = {
    ...{ manager: 'kube-controller-manager', operation: 'Update', subresource: 'scale' },
    fieldsV1: { 'f:spec': { 'f:replicas': {} } },
  };
  const OWNED = ours({ 'f:spec': { 'f:replicas': {} } });
  const web = (spec?: object): KubeObject => ({
    ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' } },
    ...(spec && { spec }),
  });
  const WANTED = web({ replicas: 2, paused: false });
  const scaling = (...targets: unknown[]): Told => ({
    status: 200,
    body: {
      items: targets.map((scaleTargetRef, index) => ({ metadata: { name: `${index}` }, spec: { scaleTargetRef } })),
    },
  });
  const WEB = { kind: 'Deployment', name: 'web' };

  it.each<[string, Told]>([
    ['scales it', scaling(WEB)],
    ['scales it beside others', scaling({ kind: 'Deployment', name: 'x' }, WEB)],
    ['may be there, where nobody may see', { status: 403, body: status(403) }],
  ])('are left out, and no sign of drift, where an autoscaler has set them and %s', async (_, told) => {
    const replicas = createReplicas(context(), namespace);
    server.answer(told);
    expect(JSON.parse(JSON.stringify(await replicas.toSend(WANTED, [SCALED])))).toEqual(web({ paused: false }));
    expect(await replicas.isAbandoned(WANTED, [SCALED])).toBe(false);
    expect(server.asked).toEqual([
      {
        method: 'GET',
        path: '/apis/autoscaling/v2/namespaces/feature-a/horizontalpodautoscalers?limit=500',
        accept: 'application/json',
      },
    ]);
  });

  it.each<[string, Told]>([
    ['nothing scales', scaling()],
    ['another is scaled', scaling({ ...WEB, name: 'x' })],
    ['another kind is scaled', scaling({ ...WEB, kind: 'StatefulSet' })],
    ['what is scaled has no name', scaling({ kind: 'Deployment' })],
    ['what is scaled has no kind', scaling({ name: 'web' })],
    ['what is scaled is not said', scaling(undefined)],
    ['an autoscaler has no spec', { status: 200, body: { items: [{ metadata: { name: 'x' } }] } }],
  ])('are the overlay’s again, and were abandoned, where an autoscaler had set them and %s', async (_, told) => {
    const replicas = createReplicas(context(), namespace);
    server.answer(told);
    expect(await replicas.toSend(WANTED, [SCALED])).toBe(WANTED);
    expect(await replicas.isAbandoned(WANTED, [SCALED])).toBe(true);
    // our apply has them already
    expect(await replicas.isAbandoned(WANTED, [SCALED, OWNED])).toBe(false);
    expect(server.asked).toHaveLength(1);
  });

  it.each<[string, KubeObject, ManagedFieldsEntry[] | undefined]>([
    ['the overlay names none', web({ paused: false }), [SCALED]],
    ['the overlay has no spec', web(), [SCALED]],
    ['nothing is known of the object', WANTED, undefined],
    ['nobody has set them', WANTED, []],
    ['a person has set them', WANTED, [{ ...SCALED, manager: 'kubectl' }]],
    ['they were set with the whole object', WANTED, [{ ...SCALED, subresource: 'status' }]],
    ['something else was set', WANTED, [{ ...SCALED, fieldsV1: { 'f:spec': { 'f:paused': {} } } }]],
    ['nothing is said of what was set', WANTED, [{ ...SCALED, fieldsV1: {} }]],
    ['no fields are known', WANTED, [{ manager: 'kube-controller-manager', subresource: 'scale' }]],
  ])('are sent as they are, and no autoscaler is asked for, where %s', async (_, wanted, entries) => {
    const replicas = createReplicas(context(), namespace);
    expect(await replicas.toSend(wanted, entries)).toBe(wanted);
    expect(await replicas.isAbandoned(wanted, entries)).toBe(false);
    expect(server.asked).toEqual([]);
  });

  it('that an autoscaler left behind are drift', async () => {
    const entries = [SCALED, ours()];
    server.answer(live(['web', entries]), scaling());
    expect(await drift([WANTED], [known(WANTED, managedMark(entries))])).toEqual([
      { object: 'Deployment/feature-a/web', why: 'changed' },
    ]);
  });
});
