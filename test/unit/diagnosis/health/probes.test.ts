import { describe, expect, it } from '@jest/globals';
import type { Check } from '../../../../lib/diagnosis/health/fixes.ts';
import { type Probe, readHealth } from '../../../../lib/diagnosis/health/health.ts';
import { type ProbeDeps, createProbes } from '../../../../lib/diagnosis/health/probes.ts';
import { ProvisionerError, type ErrorCode } from '../../../../lib/errors.ts';
import { EXISTS, createWorld } from '../../../support/fakes/world.ts';

const world = createWorld({ github: true });
const HELD = { at: '2026-11-01T00:00:00.000Z', deletions: 9, limit: 3, planId: 'plan-1' };
const DOWN = new ProvisionerError('unavailable', 'no answer');
const fail = () => Promise.reject(DOWN);
const never = () => new Promise<never>(() => undefined);
const fine: Probe = async () => 'ok';

/** What each peer is asked, in order. */
function watched(more: Partial<ProbeDeps> = {}) {
  const asked: unknown[] = [];
  const deps: ProbeDeps = {
    settings: () => asked.push('settings'),
    reachStorage: async () => void asked.push('storage'),
    cluster: async () => ({
      async readNamespace(name) {
        asked.push(`namespace ${name}`);
        return undefined;
      },
    }),
    policies: async () => 'bound',
    access: async () => world.access,
    trustsDeliveries: () => false,
    audit: async () => void asked.push('audit'),
    branches: async () => ({
      async read(...given) {
        asked.push(given);
        return EXISTS;
      },
      list: async () => ({ kind: 'unknown', why: 'not asked' }),
    }),
    repositories: () => [{ fullName: 'acme/shop' }, { fullName: 'acme/other' }],
    share: async (probe) => probe,
    ...more,
  };
  return { asked, probes: createProbes(deps) };
}

describe('createProbes', () => {
  it.each([
    ['settings', ['settings']],
    ['storage', ['storage']],
    ['audit', ['audit']],
    ['cluster', ['namespace default']],
    ['policies', []],
    ['identity', []],
    ['github', [[{ fullName: 'acme/shop' }, 'feature-branch-provisioner/health']]],
  ] as const)('ask %s one question, and take its answer for ok', async (name, questions) => {
    const { asked, probes } = watched();
    expect(await probes[name]()).toBe('ok');
    expect(asked).toEqual(questions);
  });

  it.each<[keyof ReturnType<typeof createProbes>, Partial<ProbeDeps>]>([
    [
      'settings',
      {
        settings: () => {
          throw DOWN;
        },
      },
    ],
    ['storage', { reachStorage: fail }],
    ['audit', { audit: fail }],
    ['cluster', { cluster: async () => ({ readNamespace: fail }) }],
  ])('hand the failure of %s on', async (name, more) => {
    await expect(watched(more).probes[name]()).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('ask GitHub nothing where no repository is configured, or where credentials went meanwhile', async () => {
    expect(await watched({ repositories: () => [] }).probes.github()).toBe('ok');
    let asks = 0;
    const branches = async () => {
      asks += 1;
      return asks > 1 ? undefined : world.ports.branches;
    };
    expect(await watched({ branches }).probes.github()).toBe('off');
  });

  it.each([
    [{ ref: 200 }, 'ok'],
    [{ ref: 404, defaultRef: 200 }, 'ok'],
    [{ ref: 404, defaultRef: 404 }, 'invalid'],
    [{ ref: 403 }, 'invalid'],
  ])('take GitHub’s answer %j for %s', async (answer, check) => {
    const branches = async () => ({ read: async () => answer, list: world.ports.branches?.list ?? never });
    expect(await watched({ branches }).probes.github()).toBe(check);
  });

  it('say why GitHub gave no answer', async () => {
    for (const [why, message] of [
      ['timed out', 'timed out'],
      [undefined, 'GitHub did not answer'],
    ] as const) {
      const read = async () => (why === undefined ? {} : { why });
      const branches = async () => ({ read, list: never });
      await expect(watched({ branches }).probes.github()).rejects.toMatchObject({ code: 'unavailable', message });
    }
  });

  it('share one probe of GitHub, however often they are asked', async () => {
    let shared = 0;
    const { probes } = watched({
      async share(probe) {
        shared += 1;
        return probe;
      },
    });
    await probes.github();
    await probes.github();
    expect(shared).toBe(1);
  });
});

describe('readHealth', () => {
  const peers = {
    settings: fine,
    storage: fine,
    cluster: fine,
    policies: fine,
    identity: fine,
    github: fine,
    audit: fine,
  };
  const health = (probes: Partial<typeof peers>, more: Partial<Parameters<typeof readHealth>[0]> = {}) =>
    readHealth({
      version: '1',
      mode: () => 'observe',
      heldSweep: async () => undefined,
      sleep: never,
      probes: { ...peers, ...probes },
      ...more,
    });

  it.each<[ErrorCode, Check]>([
    ['settings', 'invalid'],
    ['not-permitted', 'invalid'],
    ['rejected', 'invalid'],
    ['input', 'invalid'],
    ['render', 'invalid'],
    ['unavailable', 'unreachable'],
    ['conflict', 'unreachable'],
    ['internal', 'unreachable'],
  ])('takes a failure by %s for %s', async (code, check) => {
    const { checks } = await health({ cluster: () => Promise.reject(new ProvisionerError(code, 'x')) });
    expect(checks.cluster).toBe(check);
  });

  it('gives each peer two seconds', async () => {
    const slept: number[] = [];
    const sleep = async (ms: number) => {
      slept.push(ms);
      await never();
    };
    await health({}, { sleep });
    expect(slept).toEqual(Array.from({ length: 8 }, () => 2_000));
  });

  it.each<[keyof typeof peers, Check, string]>([
    ['settings', 'off', 'ok'],
    ['settings', 'invalid', 'down'],
    ['storage', 'off', 'ok'],
    ['storage', 'invalid', 'down'],
    ['cluster', 'off', 'ok'],
    ['cluster', 'invalid', 'degraded'],
  ])('is, with %s %s, %s', async (name, check, status) => {
    expect((await health({ [name]: async () => check })).status).toBe(status);
  });

  it('tells the mode only by settings that are right, and a held sweep only where it is one', async () => {
    expect(await health({})).toMatchObject({ mode: 'observe', checks: { sweep: 'ok' } });
    const off = await health({ settings: async () => 'off' });
    expect(off).not.toHaveProperty('mode');
    expect(off).not.toHaveProperty('sweep');
    expect(await health({}, { heldSweep: async () => HELD })).toMatchObject({ sweep: HELD });
    // it is found to be held, but only after the answer
    const late = await health({}, { heldSweep: async () => HELD, sleep: async () => undefined });
    expect([late.checks.sweep, late.sweep]).toEqual(['unreachable', undefined]);
  });
});
