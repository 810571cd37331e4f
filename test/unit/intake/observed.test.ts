import { beforeEach, describe, expect, it } from '@jest/globals';
import { type ObservedDeps, answerObserved } from '../../../lib/intake/observed.ts';
import { type World, createWorld } from '../../support/fakes/world.ts';

let world: World;

beforeEach(async () => {
  world = createWorld({ settings: { mode: 'observe' } });
  await world.handle(world.request('create'));
});

const call = (ifNoneMatch?: string, more: Partial<ObservedDeps> = {}) =>
  answerObserved(
    {
      records: async () => world.records,
      sweeps: async () => world.sweeps,
      mode: () => world.settings.mode,
      log: world.ports.log,
      ...more,
    },
    { ifNoneMatch, requestId: 'call-1' },
  );

describe('what was observed', () => {
  it('is answered whole and under an ETag, by which it is known', async () => {
    const answer = await call();
    expect(answer).toMatchObject({
      status: 200,
      body: {
        mode: 'observe',
        observed: { environments: 1, would: { provision: 1, deprovision: 0, refuse: 0, nothing: 0 } },
        environments: [{ name: 'ex-c4-e6', would: 'provision' }],
      },
    });
    expect(await call(answer.headers?.['etag'])).toEqual({ status: 304, body: {}, headers: answer.headers });
  });

  it.each<[string, Partial<ObservedDeps>]>([
    ['records', { records: () => Promise.reject(new Error('words of an SDK')) }],
    ['sweeps', { sweeps: () => Promise.reject(new Error('words of an SDK')) }],
  ])('is a fault of its kind alone where the %s cannot be read', async (_what, more) => {
    expect(await call(undefined, more)).toStrictEqual({
      status: 500,
      body: {
        outcome: 'error',
        error: { code: 'internal', message: 'an unexpected fault; the log has it under this requestId' },
        requestId: 'call-1',
      },
    });
    const fix = 'look for the cause in the log; it is tried again';
    const fields = { code: 'internal', message: 'unexpected Error', fix, requestId: 'call-1' };
    expect(world.log.at(-1)).toBe(`observations not read ${JSON.stringify(fields)}`);
  });
});
