import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { METADATA } from '../../../../../lib/cluster/api/client.ts';
import { createDiscovery } from '../../../../../lib/cluster/api/rest-mapping.ts';
import { deletePod, removeEnded } from '../../../../../lib/cluster/readiness/remove-ended.ts';
import type { Change, InventoryEntry } from '../../../../../lib/environment/ports/cluster.ts';
import { type Asked, type Scripted, type Told, startScripted, status } from '../../scripted.ts';

const namespace = 'feature-a';
const JOBS = '/apis/batch/v1/namespaces/feature-a/jobs';
const PODS = '/api/v1/namespaces/feature-a/pods';
const JSON_TYPE = 'application/json';
const OURS = { manager: 'feature-branch-provisioner', operation: 'Apply', time: 't', fieldsV1: {} };
const FAILED = { conditions: [{ type: 'Failed', status: 'True' }] };

let server: Scripted;
beforeAll(async () => {
  server = await startScripted();
});
afterAll(() => server.stop());
beforeEach(() => server.reset());

const job = (name: string): InventoryEntry => ({ apiVersion: 'batch/v1', kind: 'Job', name });
const bare = (name: string): InventoryEntry => ({ apiVersion: 'v1', kind: 'Pod', name });
const remove = (...entries: InventoryEntry[]): Promise<Change[]> =>
  removeEnded({ send: server.send, discovery: createDiscovery(server.send, server.clock) }, entries, {
    namespace,
    labels: { slug: 'a' },
    writeGuard: server.writeGuard,
  });

/** Serves what lies in the namespace by its list's path, each as ours unless it says otherwise. */
function serve(lists: Record<string, { name: string; status: object; labels?: object }[]>, deleted = 200): void {
  const live = ({ name, labels = { slug: 'a' } }: { name: string; labels?: object }) => ({
    metadata: { name, namespace, uid: `uid-${name}`, resourceVersion: '7', labels, managedFields: [OURS] },
  });
  server.answer(({ method, path }: Asked): Told | undefined => {
    const [list = '', query] = path.split('?');
    const found = lists[list];
    if (query !== undefined)
      return found && { status: 200, body: { items: found.map((one) => ({ ...live(one), status: one.status })) } };
    if (method === 'DELETE') return { status: deleted, body: deleted === 200 ? {} : status(deleted) };
    const one = Object.entries(lists).flatMap(([at, all]) => all.filter(({ name }) => path === `${at}/${name}`))[0];
    return one === undefined ? { status: 404, body: status(404) } : { status: 200, body: live(one) };
  });
}
const listed = (path: string): Asked => ({ method: 'GET', path: `${path}?limit=500`, accept: JSON_TYPE });
const read = (path: string): Asked => ({ method: 'GET', path, accept: METADATA });
const deletion = (path: string, uid: string): Asked => ({
  method: 'DELETE',
  path,
  accept: METADATA,
  contentType: JSON_TYPE,
  body: {
    apiVersion: 'v1',
    kind: 'DeleteOptions',
    preconditions: { uid, resourceVersion: '7' },
    propagationPolicy: 'Background',
  },
  isGuarded: true,
});

describe('the removal of what has ended for good', () => {
  it('is one list for each kind, and a guarded delete of each that failed', async () => {
    serve({
      [JOBS]: [
        { name: 'a', status: FAILED },
        { name: 'b', status: {} },
        { name: 'c', status: FAILED },
        { name: 'other', status: FAILED },
      ],
      [PODS]: [
        { name: 'tool', status: { phase: 'Failed' } },
        { name: 'runs', status: { phase: 'Running' } },
      ],
    });
    expect(await remove(job('a'), bare('tool'), job('b'), job('c'), bare('runs'))).toEqual([
      { object: 'Job/feature-a/a', action: 'deleted' },
      { object: 'Job/feature-a/c', action: 'deleted' },
      { object: 'Pod/feature-a/tool', action: 'deleted' },
    ]);
    expect(server.asked).toEqual([
      listed(JOBS),
      read(`${JOBS}/a`),
      deletion(`${JOBS}/a`, 'uid-a'),
      read(`${JOBS}/c`),
      deletion(`${JOBS}/c`, 'uid-c'),
      listed(PODS),
      read(`${PODS}/tool`),
      deletion(`${PODS}/tool`, 'uid-tool'),
    ]);
  });

  it.each<[string, object]>([
    ['has not failed yet', { conditions: [{ type: 'Failed', status: 'False' }] }],
    ['ended well', { conditions: [{ type: 'Complete', status: 'True' }], phase: 'Succeeded' }],
    ['says nothing', {}],
  ])('is none of what %s', async (_, told) => {
    serve({ [JOBS]: [{ name: 'a', status: told }] });
    expect(await remove(job('a'))).toEqual([]);
    expect(server.asked).toEqual([listed(JOBS)]);
  });

  it('passes over what is not ours, and goes on', async () => {
    serve({
      [JOBS]: [
        { name: 'a', status: FAILED, labels: {} },
        { name: 'b', status: FAILED },
      ],
    });
    expect(await remove(job('a'), job('b'))).toEqual([{ object: 'Job/feature-a/b', action: 'deleted' }]);
    expect(server.asked).toEqual([listed(JOBS), read(`${JOBS}/a`), read(`${JOBS}/b`), deletion(`${JOBS}/b`, 'uid-b')]);
  });

  it('tells what was gone already as deleted, and asks nothing of what is not there', async () => {
    serve({ [JOBS]: [{ name: 'a', status: FAILED }] }, 404);
    expect(await remove(job('a'), job('z'))).toEqual([{ object: 'Job/feature-a/a', action: 'deleted' }]);
    expect(server.asked).toHaveLength(3);
  });

  it('passes over kinds that nobody serves or lets us list, and goes on with the next', async () => {
    server.answer(
      { status: 404, body: status(404) },
      { status: 403, body: status(403) },
      { status: 200, body: { items: [] } },
    );
    expect(await remove({ apiVersion: 'x/v1', kind: 'Widget', name: 'w' }, job('a'), bare('tool'))).toEqual([]);
    expect(server.asked).toEqual([
      { method: 'GET', path: '/apis/x/v1', accept: JSON_TYPE },
      listed(JOBS),
      listed(PODS),
    ]);
  });

  it('is nothing where there is nothing to look for', async () => {
    expect(await remove()).toEqual([]);
    expect(server.asked).toEqual([]);
  });
});

describe('the deletion of one pod', () => {
  it.each([
    [200, 'deleted'],
    [404, 'absent'],
    [409, 'changed'],
  ])('that is answered with %i says that it is %s', async (code, said) => {
    server.answer({ status: code, body: code === 200 ? {} : status(code) });
    const target = { namespace, name: 'db-0', uid: 'u' };
    expect(await deletePod(server.send, target, server.writeGuard)).toBe(said);
    expect(server.asked).toEqual([
      {
        method: 'DELETE',
        path: `${PODS}/db-0`,
        accept: JSON_TYPE,
        contentType: JSON_TYPE,
        body: { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid: 'u' } },
        isGuarded: true,
      },
    ]);
  });

  it('that is refused names the pod', async () => {
    server.answer({ status: 403, body: status(403) });
    const gone = deletePod(server.send, { namespace, name: 'db-0', uid: 'u' }, server.writeGuard);
    await expect(gone).rejects.toMatchObject({ object: 'Pod/feature-a/db-0' });
  });
});
