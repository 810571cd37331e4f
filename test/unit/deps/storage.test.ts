import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Machine } from '../../../lib/deps/machine.ts';
import { createStorageDeps } from '../../../lib/deps/storage.ts';
import { newRecord } from '../../../lib/environment/model/record-event.ts';
import { type Azurite, startAzurite } from '../../../local/azurite/azurite.ts';
import { createWorld } from '../../support/fakes/world.ts';
import { machineIn } from './machine.ts';

let azurite: Azurite;

beforeAll(async () => {
  azurite = await startAzurite();
});
afterAll(() => azurite.stop());

function open(
  env: Record<string, string> = { AzureWebJobsStorage: azurite.connectionString },
  more?: Partial<Machine>,
) {
  const world = createWorld();
  return { world, deps: createStorageDeps(machineIn(world, env, more)) };
}
type Deps = ReturnType<typeof open>['deps'];

/** Everything that the account holds, by name. */
async function held({ blobs, queues }: Deps) {
  const [containers, names] = [[] as string[], [] as string[]];
  for await (const { name } of (await blobs()).listContainers()) containers.push(name);
  for await (const { name } of (await queues()).listQueues()) names.push(name);
  return { containers: containers.toSorted(), queues: names.toSorted() };
}

const blobsIn = async ({ container }: Deps): Promise<string[]> => {
  const names: string[] = [];
  for await (const { name } of (await container('environments')()).listBlobsFlat()) names.push(name);
  return names.toSorted();
};

describe('the storage account', () => {
  it('is reached while nothing is made in it yet, and stays empty', async () => {
    const { deps } = open();
    expect(await deps.reachStorage()).toBeUndefined();
    expect(await held(deps)).toEqual({ containers: [], queues: [] });
  });

  it('gets every queue and container of the app at start, and a second start finds them there', async () => {
    const whole = {
      containers: ['audit', 'environments', 'identities'],
      queues: ['environment-requests', 'environment-requests-poison'],
    };
    for (const { deps } of [open(), open()]) {
      await deps.makeStorage();
      expect(await held(deps)).toEqual(whole);
      expect(await deps.reachStorage()).toBeUndefined();
    }
  });

  it.each(['BlobEndpoint', 'QueueEndpoint'])('is not reached where %s leads nowhere', async (part) => {
    const connection = azurite.connectionString.replace(
      new RegExp(`${part}=http://127\\.0\\.0\\.1:\\d+`),
      `${part}=http://127.0.0.1:1`,
    );
    const { deps } = open({ AzureWebJobsStorage: connection });
    await expect(deps.reachStorage()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await expect(deps.makeStorage()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('says which setting is wrong, to each who asks', async () => {
    const { deps } = open({});
    for (const use of [
      deps.blobs,
      deps.queues,
      deps.requests,
      deps.container('audit'),
      deps.reachStorage,
      deps.makeStorage,
    ])
      await expect(use()).rejects.toMatchObject({ code: 'settings' });
  });
});

describe('the adapters on it', () => {
  it('are made once, and keep what the app writes where the next process looks for it', async () => {
    const { deps, world } = open();
    const next = open().deps;
    const record = newRecord(world.request('create', { ref: 'ex-1', repository: { id: 42, fullName: 'acme/shop' } }));

    expect(await (await deps.records()).create(record)).toMatchObject({ kind: 'created' });
    expect((await (await next.records()).read('ex-1'))?.record).toEqual(record);

    const leased = await (await deps.sweeps()).lease();
    if (leased.kind !== 'held') throw new Error('nobody else sweeps');
    const state = { v: 1 as const, plans: [], deliveriesAt: '2026-11-23T10:00:00.000Z' };
    await (await deps.sweeps()).write(state, leased.lease);
    await leased.lease.release();
    expect(await (await next.sweeps()).read()).toEqual(state);

    const none = { held: [], underWay: new Set<string>() };
    expect(await (await deps.places()).take('ex-1', { places: 1, ...none })).toEqual({ kind: 'taken' });
    expect(await (await next.places()).take('ex-2', { places: 1, ...none })).toEqual({
      kind: 'full',
      holders: ['ex-1'],
    });

    // what a record says counts before what is stated
    expect(await (await deps.repositoryIds())('acme/shop', 7)).toBe(42);
    expect(await (await next.repositoryIds())('Acme/Shop', 7)).toBe(42);

    await (await deps.requests()).send(world.request('push', { ref: 'ex-1' }));
    const queue = (await next.queues()).getQueueClient('environment-requests');
    const { receivedMessageItems } = await queue.receiveMessages();
    expect(receivedMessageItems.map(({ messageText }) => JSON.parse(atob(messageText)) as unknown)).toMatchObject([
      { reason: 'push', environment: 'ex-1' },
    ]);

    expect(await blobsIn(deps)).toEqual(['ex-1.json', 'places', 'repository-ids', 'sweep']);
    for (const part of ['records', 'requests', 'sweeps', 'places', 'repositoryIds', 'blobs', 'queues'] as const)
      expect(await deps[part]()).toBe(await deps[part]());
  });
});
