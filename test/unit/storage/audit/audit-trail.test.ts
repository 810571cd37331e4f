import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ContainerClient } from '@azure/storage-blob';
import type { AuditEntry } from '../../../../lib/environment/ports/audit.ts';
import { keepSecret } from '../../../../lib/secrets.ts';
import { createAuditTrail } from '../../../../lib/storage/audit/audit-trail.ts';
import { connectBlobs } from '../../../../lib/storage/connection.ts';
import { type Azurite, startAzurite } from '../../../../local/azurite/azurite.ts';

let azurite: Azurite;
let made = 0;

beforeAll(async () => {
  azurite = await startAzurite();
});
afterAll(() => azurite.stop());

const credential = () => Promise.reject(new Error('a connection string needs no credential'));

async function open() {
  made += 1;
  const blobs = await connectBlobs({ connectionString: azurite.connectionString, credential });
  const container = blobs.getContainerClient(`audit-${made}`);
  const state = { now: Date.parse('2026-11-29T23:59:58.000Z') };
  const log: string[] = [];
  const write = (message: string, fields?: Record<string, unknown>) =>
    void log.push(`${message} ${JSON.stringify(fields)}`);
  const instance = (reached: () => Promise<ContainerClient> = async () => container) =>
    createAuditTrail({
      container: reached,
      clock: { now: () => state.now },
      log: { info: write, warn: write, error: write },
      timeoutMs: 3_000,
    });
  return { container, state, log, instance };
}

async function lines(container: ContainerClient, name: string): Promise<AuditEntry[]> {
  const { readableStreamBody } = await container.getBlobClient(name).download();
  const body = readableStreamBody === undefined ? '' : await text(readableStreamBody);
  return body
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as AuditEntry);
}

const entry = (environment: string): AuditEntry => ({
  actor: { kind: 'github', name: 'octocat' },
  environment,
  repository: 'acme/shop',
  ref: environment,
  action: 'create',
  result: 'accepted',
  deliveryId: 'delivery-1',
  requestId: 'request-1',
});

describe('the audit trail', () => {
  it('holds each line of every instance once, in one blob a day, and makes container and blob itself', async () => {
    const { container, state, instance } = await open();
    const [one, two] = [instance(), instance()];
    for (let count = 0; count < 20; count += 1) {
      one.note(entry(`a-${count}`));
      two.note(entry(`b-${count}`));
    }
    await Promise.all([one.flush(), two.flush()]);
    state.now += 4_000;
    one.note(entry('next-day'));
    await one.flush();

    const found = await lines(container, '2026/11/29.jsonl');
    expect(found.map(({ environment }) => environment).sort()).toEqual(
      [...Array(20).keys()].flatMap((count) => [`a-${count}`, `b-${count}`]).sort(),
    );
    expect(found[0]).toEqual({ ...entry(found[0]?.environment ?? ''), at: '2026-11-29T23:59:58.000Z' });
    expect(await lines(container, '2026/11/30.jsonl')).toMatchObject([{ environment: 'next-day' }]);
    const names: string[] = [];
    for await (const { name, properties } of container.listBlobsFlat()) names.push(`${name} ${properties.blobType}`);
    expect(names).toEqual(['2026/11/29.jsonl AppendBlob', '2026/11/30.jsonl AppendBlob']);
  });

  it('goes on in a further blob where the one of the day takes no more', async () => {
    const { container, instance } = await open();
    await container.create();
    // one that takes no appends, as a full one
    await container.getBlockBlobClient('2026/11/29.jsonl').upload('', 0);
    const trail = instance();
    trail.note(entry('first'));
    await trail.flush();
    // whoever asked the full one again would make it anew now
    await container.deleteBlob('2026/11/29.jsonl');
    trail.note(entry('second'));
    await trail.flush();
    expect(await lines(container, '2026/11/29-2.jsonl')).toMatchObject([
      { environment: 'first' },
      { environment: 'second' },
    ]);
  });

  it('logs the line whole where no blob of the day takes it, and tries no more than a hundred', async () => {
    const { container, log, instance } = await open();
    await container.create();
    const names = Array.from({ length: 101 }, (_, n) => `2026/11/29${n === 0 ? '' : `-${n + 1}`}.jsonl`);
    await Promise.all(names.map((name) => container.getBlockBlobClient(name).upload('', 0)));
    const trail = instance();
    trail.note(entry('too-much'));
    // more calls than a flush waits for on a busy machine
    for (let flushes = 0; log.length === 0 && flushes < 10; flushes += 1) await trail.flush();

    expect(log).toEqual([expect.stringMatching(/^audit not written .*"environment":"too-much"/)]);
    await expect(trail.probe()).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('never throws: a line that cannot be written is logged whole, and the probe says so until one can', async () => {
    const { container, log, instance } = await open();
    let isDown = true;
    const trail = instance(() => (isDown ? Promise.reject(new Error('no way')) : Promise.resolve(container)));
    trail.note(entry('lost'));
    await trail.flush();
    expect(log).toHaveLength(1);
    expect(log[0]).toMatch(/^audit not written .*"environment":"lost"/);
    await expect(trail.probe()).rejects.toThrow();
    isDown = false;
    trail.note(entry('written'));
    await trail.flush();
    await expect(trail.probe()).resolves.toBeUndefined();
    expect(await lines(container, '2026/11/29.jsonl')).toMatchObject([{ environment: 'written' }]);
  });

  it('is asked for where nothing was written yet, and the probe fails where storage does not answer', async () => {
    const { container, instance } = await open();
    await expect(instance().probe()).resolves.toBeUndefined();
    const refuse = () =>
      Promise.reject(Object.assign(new Error('no'), { statusCode: 403, code: 'AuthorizationFailure' }));
    const closed = Object.assign(Object.create(container) as ContainerClient, { exists: refuse });
    await expect(instance(async () => closed).probe()).rejects.toMatchObject({
      code: 'not-permitted',
      object: 'the audit trail',
    });
  });

  it('keeps no secret that the app knows', async () => {
    keepSecret('a-secret-of-the-audit-test');
    const { container, instance } = await open();
    const trail = instance();
    trail.note({ ...entry('x'), reason: 'because of a-secret-of-the-audit-test' });
    await trail.flush();
    expect(JSON.stringify(await lines(container, '2026/11/29.jsonl'))).not.toContain('a-secret-of-the-audit-test');
  });
});
