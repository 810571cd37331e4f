import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { ContainerClient } from '@azure/storage-blob';
import { abandon } from '../../lib/environment/abandon.ts';
import type { Ports } from '../../lib/environment/ports/ports.ts';
import { reconcile } from '../../lib/environment/reconcile.ts';
import { receiveManual } from '../../lib/intake/manual.ts';
import { answerStatus } from '../../lib/intake/status.ts';
import { connectBlobs } from '../../lib/storage/connection.ts';
import { toMetadata } from '../../lib/storage/records/metadata.ts';
import { RECORD_CONTAINER, createRecords } from '../../lib/storage/records/records.ts';
import { sweep } from '../../lib/sweep/sweep.ts';
import { type Azurite, startAzurite } from '../../local/azurite/azurite.ts';
import { type World, createWorld } from '../support/fakes/world.ts';

let azurite: Azurite;
let container: ContainerClient;
let world: World;
let ports: Ports;

beforeAll(async () => {
  azurite = await startAzurite();
});
afterAll(() => azurite.stop());

beforeEach(async () => {
  const connection = { connectionString: azurite.connectionString, credential: () => Promise.reject(new Error()) };
  container = (await connectBlobs(connection)).getContainerClient(RECORD_CONTAINER);
  await container.createIfNotExists();
  for await (const { name } of container.listBlobsFlat()) await container.deleteBlob(name);
  world = createWorld();
  ports = { ...world.ports, records: createRecords({ container: async () => container }) };
});

/** What became of a good record: another hand's text, with the metadata that was there or none. */
async function damage(text: string, metadata: Record<string, string>): Promise<string> {
  const blob = container.getBlockBlobClient('ex-c4-e6.json');
  return (await blob.upload(text, Buffer.byteLength(text), { metadata })).etag ?? '';
}

const SICK: [string, (good: string) => string][] = [
  ['of a newer version', (good) => good.replace('"v":1', '"v":2')],
  ['cut short', (good) => good.slice(0, -20)],
  ['empty', () => ''],
  ['no object', () => 'null'],
  ['with half a stop, which would end it', (good) => good.replace('"v":1', '"v":1,"stop":{}')],
  ['with an event of no kind', (good) => good.replace(/"event":\{"reason":"[^"]*",/, '"event":{')],
  ['without its branch', (good) => good.replace(/"ref":"[^"]*",/, '')],
];

describe.each(SICK)('a record that is %s', (_what, spoil) => {
  it.each([true, false])('is left alone and said by all who meet it (its metadata left: %p)', async (isListed) => {
    await reconcile(ports, world.request('create'));
    const stored = await ports.records.read('ex-c4-e6');
    if (stored === undefined) throw new Error('there is a record');
    const spoilt = spoil(JSON.stringify({ ...stored.record, phase: 'starting' }));
    const etag = await damage(spoilt, isListed ? toMetadata({ ...stored.record, phase: 'starting' }) : {});
    const writes = [...world.cluster.writes];
    world.log.length = 0;

    const call = { all: false, live: false, ifNoneMatch: undefined, requestId: 'call' };
    const deps = { records: async () => ports.records, live: () => Promise.reject(new Error()), log: ports.log };
    const list = await answerStatus(deps, { ...call, name: undefined });
    expect(list).toMatchObject({ status: 200, body: { environments: [{ name: 'ex-c4-e6' }] } });
    if (!isListed)
      expect(list).toMatchObject({ body: { environments: [{ phase: 'failed', error: { code: 'input' } }] } });
    const one = await answerStatus(deps, { ...call, name: 'ex-c4-e6' });
    expect(one).toMatchObject({
      status: 500,
      body: { error: { code: 'input', message: expect.stringContaining('cannot be read') as unknown } },
    });

    const bytes = Buffer.from('{"branch":"ex-c4-e6"}');
    const manual = await receiveManual(
      {
        settings: () => ({ ...world.settings, repositories: [...world.settings.repositories] }) as never,
        ports: async () => ports,
        requests: async () => ports.requests,
        records: async () => ports.records,
        cluster: async () => ports.cluster,
        clock: ports.clock,
        believes: () => true,
        newId: () => 'id',
        log: ports.log,
      },
      { reason: 'deprovision', bytes, statusUrl: 'http://app/', requestId: 'call' },
    );
    expect(manual).toMatchObject({ status: 500, body: { error: { code: 'input' } } });

    await expect(reconcile(ports, world.request('delete'))).rejects.toMatchObject({
      code: 'input',
      fix: 'fix or delete the blob environments/ex-c4-e6.json',
    });
    expect(await abandon(ports, world.request('delete'))).toBe('requeued');
    const swept = await sweep(ports);
    expect(isListed ? swept.queued : swept.failed).toEqual(isListed ? ['ex-c4-e6'] : 1);

    expect(world.log.filter((line) => line.includes('fix or delete the blob')).length).toBeGreaterThanOrEqual(3);
    expect(world.cluster.writes).toEqual(writes);
    const after = await container.getBlobClient('ex-c4-e6.json').getProperties();
    expect(after.etag).toBe(etag);
  });
});

describe('a record that has lost its metadata alone', () => {
  it('is listed, swept by what it says itself, and whole again after that', async () => {
    await reconcile(ports, world.request('create'));
    const stored = await ports.records.read('ex-c4-e6');
    await damage(JSON.stringify(stored?.record), {});
    world.requests.waiting.length = 0;

    expect((await sweep(ports)).queued).toEqual(['ex-c4-e6']);
    const [sent] = world.requests.waiting;
    if (sent === undefined) throw new Error('something was sent');
    expect(sent.request).toMatchObject({ repository: { fullName: 'acme/shop', id: 42 }, ref: 'ex-c4-e6' });

    await reconcile(ports, sent.request);
    for await (const summary of ports.records.list()) expect(summary).toMatchObject({ ref: 'ex-c4-e6' });
  });
});
