import { describe, expect, it } from '@jest/globals';
import { fixFor, type Check, type CheckName } from '../../../../lib/diagnosis/health/fixes.ts';
import { type HealthChecks, type Probe, readHealth } from '../../../../lib/diagnosis/health/health.ts';
import { type ProbeDeps, createProbes } from '../../../../lib/diagnosis/health/probes.ts';
import { answerHealth as untoldAnswerHealth } from '../../../../lib/diagnosis/health/answer-health.ts';
import { ProvisionerError } from '../../../../lib/errors.ts';
import { EXISTS, GONE, createWorld } from '../../../support/fakes/world.ts';
import { keepTold } from '../../../support/keep-told.ts';

const answerHealth = keepTold(untoldAnswerHealth);

type Changed = Partial<Record<Exclude<CheckName, 'sweep'>, Probe>>;

const never = () => new Promise<never>(() => undefined);
const fine: Probe = async () => 'ok';
const HELD = { at: '2026-11-01T00:00:00.000Z', deletions: 9, limit: 3, planId: 'plan-1' };

const health = (changed: Changed = {}, more: Partial<Parameters<typeof readHealth>[0]> = {}) =>
  readHealth({
    version: '1',
    mode: () => 'apply',
    heldSweep: async () => undefined,
    sleep: never,
    probes: {
      settings: fine,
      storage: fine,
      cluster: fine,
      policies: fine,
      identity: fine,
      github: fine,
      audit: fine,
      ...changed,
    },
    ...more,
  });
const fault =
  (code: 'settings' | 'unavailable' | 'not-permitted'): Probe =>
  () =>
    Promise.reject(new ProvisionerError(code, 'secret words'));

describe('readHealth', () => {
  it('is ok where every peer is, or is not used', async () => {
    expect(await health({ github: async () => 'off' })).toEqual({
      status: 'ok',
      version: '1',
      mode: 'apply',
      checks: {
        settings: 'ok',
        storage: 'ok',
        cluster: 'ok',
        policies: 'ok',
        identity: 'ok',
        github: 'off',
        audit: 'ok',
        sweep: 'ok',
      },
      fixes: { github: fixFor('github', 'off') },
    });
  });

  it('is degraded where deliveries are still taken, and down where they are not', async () => {
    expect((await health({ cluster: fault('unavailable') })).status).toBe('degraded');
    expect((await health({ policies: async () => 'invalid' })).status).toBe('degraded');
    expect((await health({ storage: fault('unavailable') })).status).toBe('down');
    expect((await health({ settings: fault('settings') })).status).toBe('down');
  });

  it('tells a wrong configuration from a peer that does not answer, in one word', async () => {
    const { checks, fixes } = await health({ cluster: fault('not-permitted'), github: fault('unavailable') });
    expect(checks).toMatchObject({ cluster: 'invalid', github: 'unreachable' });
    expect(Object.keys(fixes).sort()).toEqual(['cluster', 'github']);
    expect(JSON.stringify({ checks, fixes })).not.toContain('secret words');
  });

  it('does not wait for a peer that hangs', async () => {
    expect((await health({ cluster: never }, { sleep: async () => undefined })).checks.cluster).toBe('unreachable');
  });

  it('shows a sweep that its limit stopped, with the plan and how to confirm it', async () => {
    const { status, checks, sweep, fixes } = await health({}, { heldSweep: async () => HELD });
    expect({ status, check: checks.sweep, sweep }).toEqual({ status: 'degraded', check: 'stopped', sweep: HELD });
    expect(fixes.sweep).toContain('{"confirm":"<planId>"}');
  });

  it('says of settings that cannot be read no mode, and no held sweep of storage that cannot', async () => {
    const { mode, checks } = await health(
      { settings: fault('settings') },
      {
        mode: () => {
          throw new Error('not asked');
        },
        heldSweep: () => Promise.reject(new ProvisionerError('unavailable', 'secret words')),
      },
    );
    expect({ mode, sweep: checks.sweep }).toEqual({ mode: undefined, sweep: 'unreachable' });
  });

  it.each<[CheckName, Check]>([
    ['settings', 'invalid'],
    ['storage', 'invalid'],
    ['storage', 'unreachable'],
    ['cluster', 'invalid'],
    ['cluster', 'unreachable'],
    ['policies', 'unbound'],
    ['policies', 'outdated'],
    ['policies', 'overprivileged'],
    ['policies', 'off'],
    ['policies', 'unreachable'],
    ['identity', 'off'],
    ['identity', 'invalid'],
    ['github', 'off'],
    ['github', 'invalid'],
    ['github', 'unreachable'],
    ['audit', 'invalid'],
    ['audit', 'unreachable'],
    ['sweep', 'stopped'],
    ['sweep', 'unreachable'],
  ])('knows what fixes %s that is %s', (name, check) => {
    expect(fixFor(name, check)).toMatch(/\w{3}/);
  });
});

describe('answerHealth', () => {
  const NOT_KEPT = { 'cache-control': 'no-store' };
  const all: HealthChecks = {
    status: 'degraded',
    version: '1',
    mode: 'observe',
    checks: {
      settings: 'ok',
      storage: 'ok',
      cluster: 'ok',
      policies: 'unbound',
      identity: 'ok',
      github: 'ok',
      audit: 'ok',
      sweep: 'stopped',
    },
    fixes: {},
    sweep: HELD,
  };
  const ask = (headers: Record<string, string>, query = '', status: HealthChecks['status'] = 'degraded') =>
    answerHealth(async () => ({ ...all, status }), {
      header: (name) => headers[name],
      query: new URLSearchParams(query),
      checksUrl: '/api/health/checks',
    });

  it('tells anybody the status and nothing else', async () => {
    expect(await ask({})).toEqual({ status: 200, jsonBody: { status: 'degraded' }, headers: NOT_KEPT });
    expect(Object.keys((await ask({})).jsonBody ?? {})).toEqual(['status']);
    expect(await ask({}, '', 'down')).toEqual({ status: 503, jsonBody: { status: 'down' }, headers: NOT_KEPT });
  });

  it('sends who has a key to the function whose key the host checks, and tells nothing itself', async () => {
    const byHeader = await ask({ 'x-functions-key': 'k' });
    expect(byHeader).toMatchObject({ status: 307, headers: { ...NOT_KEPT, location: '/api/health/checks' } });
    const byQuery = await ask({}, 'code=a%2F%26b');
    expect(byQuery).toMatchObject({
      status: 307,
      headers: { ...NOT_KEPT, location: '/api/health/checks?code=a%2F%26b' },
    });
    expect([byHeader.jsonBody, byQuery.jsonBody]).toEqual([undefined, undefined]);
  });
});

describe('createProbes', () => {
  const world = createWorld({ github: true });
  const deps: ProbeDeps = {
    settings: () => undefined,
    reachStorage: async () => undefined,
    cluster: async () => world.cluster,
    policies: async () => 'bound',
    access: async () => undefined,
    trustsDeliveries: () => true,
    audit: async () => undefined,
    branches: async () => world.ports.branches,
    repositories: () => [{ fullName: 'acme/shop' }],
    share: async (probe) => probe,
  };

  it('take GitHub for well where contents can be read, and for invalid where all is 404', async () => {
    const { github } = createProbes(deps);
    world.github.answer = GONE;
    expect(await github()).toBe('ok');
    world.github.answer = EXISTS;
    expect(await github()).toBe('ok');
    world.github.answer = { ref: 404, repository: { status: 404 } };
    expect(await github()).toBe('invalid');
    world.github.answer = { why: 'no answer' };
    await expect(github()).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('ask GitHub only by the probe that is shared, and not at all without credentials', async () => {
    world.github.answer = EXISTS;
    const shared: Probe = async () => 'invalid';
    expect(await createProbes({ ...deps, share: async () => shared }).github()).toBe('invalid');
    const none = { ...deps, branches: async () => undefined, share: async () => shared };
    expect(await createProbes(none).github()).toBe('off');
    expect(await createProbes({ ...none, trustsDeliveries: () => false }).github()).toBe('invalid');
  });

  it('say what is wrong with the policies, and off where they are not wanted', async () => {
    for (const state of ['unbound', 'outdated', 'overprivileged'] as const)
      expect(await createProbes({ ...deps, policies: async () => state }).policies()).toBe(state);
    expect(await createProbes({ ...deps, policies: async () => 'off' }).policies()).toBe('off');
    expect(await createProbes(deps).identity()).toBe('off');
  });

  it('take settings that name no repository for invalid: every delivery would be ignored', async () => {
    expect(await createProbes({ ...deps, repositories: () => [] }).settings()).toBe('invalid');
  });
});
