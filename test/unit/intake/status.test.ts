import { beforeEach, describe, expect, it } from '@jest/globals';
import { type StatusCall, answerStatus } from '../../../lib/intake/status.ts';
import { type World, createWorld } from '../../support/fakes/world.ts';

let world: World;

beforeEach(async () => {
  world = createWorld();
  await world.handle(world.request('create'));
  await world.handle(world.request('create', { ref: 'other' }));
  await world.settle();
});

const call = (more: Partial<StatusCall> = {}) =>
  answerStatus(
    {
      records: async () => world.records,
      live: async () => ({ namespace: 'unknown', credentials: [] }),
      log: world.ports.log,
    },
    { name: undefined, all: false, live: false, ifNoneMatch: undefined, requestId: 'call-1', ...more },
  );

describe('answerStatus', () => {
  it('lists every environment by name from metadata alone, and gone ones only when asked', async () => {
    await world.handle(world.request('delete', { ref: 'other' }));
    await world.settle();
    const reads: string[] = [];
    world.turn.hook = (what) => void reads.push(what);

    const { status, body } = await call();

    expect(status).toBe(200);
    expect(body['environments']).toEqual([
      {
        name: 'ex-c4-e6',
        namespace: 'feature-ex-c4-e6',
        phase: 'ready',
        repository: 'acme/shop',
        ref: 'ex-c4-e6',
        at: expect.stringMatching(/^2026/) as unknown,
        url: 'http://ex-c4-e6.example.test',
      },
    ]);
    expect(reads).toEqual(['list']);
    expect((await call({ all: true })).body['environments']).toHaveLength(2);
  });

  it('answers 304 to who knows the list already, and 200 again when it changed', async () => {
    const { headers } = await call();
    const ifNoneMatch = headers?.['etag'];
    expect((await call({ ifNoneMatch })).status).toBe(304);
    await world.handle(world.request('delete', { ref: 'other' }));
    expect((await call({ ifNoneMatch })).status).toBe(200);
  });

  it('knows its own ETag among others, weak after a proxy, or any', async () => {
    const { body, headers } = await call();
    const etag = headers?.['etag'] ?? '';
    expect(etag).toMatch(/^"[0-9a-f]{32}"$/);
    expect(headers).toEqual({ etag, 'cache-control': 'no-cache' });
    for (const ifNoneMatch of [etag, `W/${etag}`, '*', `"other", ${etag}`, `${etag} ,"other"`])
      expect(await call({ ifNoneMatch })).toStrictEqual({ status: 304, body: {}, headers });
    for (const ifNoneMatch of ['"other"', '', etag.slice(1, -1), undefined])
      expect(await call({ ifNoneMatch })).toStrictEqual({ status: 200, body, headers });
  });

  it('gives the whole record by its slug, gone ones too, and 404 for others', async () => {
    expect((await call({ name: 'ex-c4-e6' })).body).toMatchObject({ v: 1, name: 'ex-c4-e6', phase: 'ready' });
    await world.handle(world.request('delete'));
    await world.settle();
    expect((await call({ name: 'ex-c4-e6' })).body).toMatchObject({ phase: 'gone' });
    for (const name of ['never', '../x', 'EX-C4-E6', '']) {
      expect(await call({ name })).toMatchObject({ status: 404, body: { outcome: 'error', requestId: 'call-1' } });
    }
  });

  it('gives a record under its ETag, and what the peers say under none', async () => {
    const known = await call({ name: 'ex-c4-e6' });
    expect(known).toEqual({ status: 200, body: world.record(), headers: known.headers });
    expect(await call({ name: 'ex-c4-e6', ifNoneMatch: known.headers?.['etag'] })).toMatchObject({ status: 304 });
    expect(await call({ name: 'ex-c4-e6', live: true })).toEqual({
      status: 200,
      body: { ...world.record(), live: { namespace: 'unknown', credentials: [] } },
    });
  });

  it('finds an environment by a slug that is no branch’s name', async () => {
    await world.handle(world.request('create', { ref: 'Feature/Login' }));
    expect((await call({ name: 'feature-login-ef50d2' })).body).toMatchObject({ ref: 'Feature/Login' });
  });

  it('adds what the peers say now only when asked', async () => {
    expect((await call({ name: 'ex-c4-e6' })).body['live']).toBeUndefined();
    expect((await call({ name: 'ex-c4-e6', live: true })).body['live']).toEqual({
      namespace: 'unknown',
      credentials: [],
    });
  });

  it('finds an environment by its branch too, encoded or not, where one alone has it', async () => {
    await world.handle(world.request('create', { ref: 'Feature/Login' }));
    await world.settle();
    const named = await call({ name: 'Feature%2FLogin' });
    expect(named).toMatchObject({ status: 200, body: { ref: 'Feature/Login' } });
    expect((await call({ name: 'Feature/Login' })).body['name']).toBe(named.body['name']);
    await world.handle(world.request('create', { ref: 'Feature/Login', repository: { id: 43, fullName: 'acme/api' } }));
    expect((await call({ name: 'Feature/Login' })).status).toBe(404);
    expect((await call({ name: '%E0%A4%A' })).status).toBe(404);
  });

  it('answers a fault of storage with its kind alone', async () => {
    world.turn.hook = () => {
      throw new Error('words of an SDK');
    };
    const answer = await call();
    expect(answer).toMatchObject({ status: 500, body: { outcome: 'error', error: { code: 'internal' } } });
    expect(JSON.stringify(answer)).not.toContain('words of an SDK');
    const fix = 'look for the cause in the log; it is tried again';
    expect(world.log.at(-1)).toBe(
      `status not read ${JSON.stringify({ code: 'internal', message: 'unexpected Error', fix, requestId: 'call-1' })}`,
    );
  });
});
