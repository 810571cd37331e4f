import { describe, expect, it } from '@jest/globals';
import { type CheckName, type Probe, readHealth } from '../../../lib/diagnosis/health.ts';
import { type ProbeDeps, createProbes } from '../../../lib/diagnosis/probes.ts';
import { ProvisionerError } from '../../../lib/errors.ts';
import { EXISTS, GONE, createWorld } from '../../support/fakes/world.ts';

const never = () => new Promise<never>(() => undefined);
const fine: Probe = async () => 'ok';
const all = (changed: Partial<Record<CheckName, Probe>> = {}): Record<CheckName, Probe> => ({
  settings: fine,
  storage: fine,
  cluster: fine,
  policies: fine,
  identity: fine,
  github: fine,
  ...changed,
});
const health = (changed: Partial<Record<CheckName, Probe>> = {}, sleep: () => Promise<void> = never) =>
  readHealth({ version: '1', probes: all(changed), sleep });
const fault =
  (code: 'settings' | 'unavailable' | 'not-permitted'): Probe =>
  () =>
    Promise.reject(new ProvisionerError(code, 'secret words'));

describe('readHealth', () => {
  it('is ok where every peer is, or is not used', async () => {
    expect(await health({ github: async () => 'off' })).toEqual({
      status: 'ok',
      version: '1',
      checks: { settings: 'ok', storage: 'ok', cluster: 'ok', policies: 'ok', identity: 'ok', github: 'off' },
    });
  });

  it('is degraded where deliveries are still taken, and down where they are not', async () => {
    expect((await health({ cluster: fault('unavailable') })).status).toBe('degraded');
    expect((await health({ policies: async () => 'invalid' })).status).toBe('degraded');
    expect((await health({ storage: fault('unavailable') })).status).toBe('down');
    expect((await health({ settings: fault('settings') })).status).toBe('down');
  });

  it('tells a wrong configuration from a peer that does not answer, in one word', async () => {
    const { checks } = await health({ cluster: fault('not-permitted'), github: fault('unavailable') });
    expect(checks).toMatchObject({ cluster: 'invalid', github: 'unreachable' });
    expect(JSON.stringify(checks)).not.toContain('secret words');
  });

  it('does not wait for a peer that hangs', async () => {
    expect((await health({ cluster: never }, async () => undefined)).checks.cluster).toBe('unreachable');
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
    branches: async () => world.ports.branches,
    repositories: () => [{ fullName: 'acme/shop' }],
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

  it('say what is wrong with the policies, and off where they are not wanted', async () => {
    for (const state of ['unbound', 'outdated', 'overprivileged'] as const)
      expect(await createProbes({ ...deps, policies: async () => state }).policies()).toBe(state);
    expect(await createProbes({ ...deps, policies: async () => 'off' }).policies()).toBe('off');
    expect(await createProbes(deps).identity()).toBe('off');
  });
});
