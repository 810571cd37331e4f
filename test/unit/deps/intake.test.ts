import { beforeEach, describe, expect, it } from '@jest/globals';
import { type IntakeParts, createIntakeDeps } from '../../../lib/deps/intake.ts';
import type { Audit } from '../../../lib/environment/ports/audit.ts';
import { type World, createWorld } from '../../support/fakes/world.ts';
import { machineIn } from './machine.ts';

const REPOSITORIES = { GITHUB_REPOSITORIES: 'acme/shop' };

let world: World;
let asked: unknown[][];

beforeEach(() => {
  world = createWorld();
  asked = [];
});

/** A part that says what it was asked. */
const noting =
  <T>(name: string, answer: T) =>
  async (...args: unknown[]): Promise<T> => {
    asked.push([name, ...args]);
    return answer;
  };

function open(env: Record<string, string>, more: Partial<IntakeParts> = {}) {
  const audit: Audit = { note: () => undefined, flush: async () => undefined };
  const parts: IntakeParts = {
    records: async () => world.records,
    requests: async () => world.requests,
    sweeps: async () => world.sweeps,
    cluster: async () => world.cluster as never,
    auditTrail: async () => audit,
    portsFor: async (log) => ({ ...world.ports, log }),
    repositoryIds: async () => noting('repositoryId', 42),
    pullRequests: async () => noting('pullRequest', { repositoryId: 42, ref: 'ex-1' }),
    defaultBranches: async () => noting('defaultBranch', 'trunk'),
    tokenVerifier: async () => noting('verify', { kind: 'verified' as const, claims: {} }),
    branchTemplates: async () => ({}) as never,
    toBranchOverlays: noting('toOverlays', world.ports.overlays),
    ...more,
  };
  return { parts, deps: createIntakeDeps(machineIn(world, env), parts) };
}

describe('what each way into the app is given', () => {
  const { log } = createWorld().ports;

  it('are the parts of this app and the log of the invocation', async () => {
    const { parts, deps } = open({ ...REPOSITORIES, GITHUB_WEBHOOK_SECRET: 'a-secret-of-16-by', MODE: 'observe' });
    const { requests, records, cluster, sweeps, auditTrail } = parts;
    const own = { clock: world.clock, newId: world.ports.newId, log };
    const webhook = deps.webhookDeps(log);
    expect(webhook).toMatchObject({ requests, ...own });
    expect(webhook.secrets()).toEqual(['a-secret-of-16-by']);
    const manual = deps.manualDeps(log);
    expect(manual).toMatchObject({ requests, records, cluster, auditTrail, ...own });
    expect((await manual.ports()).log).toBe(log);
    const keep = deps.keepDeps(log);
    expect(keep).toMatchObject({ requests, records, auditTrail, ...own });
    expect(keep.keepMaxMs()).toBe(90 * 86_400_000);
    const observed = deps.observedDeps(log);
    expect(observed).toMatchObject({ records, sweeps, log });
    expect(observed.mode()).toBe('observe');
    const message = deps.messageDeps(log);
    expect(message).toMatchObject({ requests, log, clock: world.clock });
    expect((await message.ports()).log).toBe(log);
    expect(await deps.watchDeps(log)).toEqual({ records: world.records, requests: world.requests, ...own });
    for (const { settings } of [webhook, manual, deps.workflowDeps(log)])
      expect(settings().repositories).toEqual([{ fullName: 'acme/shop' }]);
  });

  it('reads how long an environment may be kept from its setting', () => {
    expect(open({ KEEP_MAX: '7d' }).deps.keepDeps(log).keepMaxMs()).toBe(7 * 86_400_000);
  });

  it.each([
    [{}, false],
    [{ TRUST_DELIVERIES: 'true' }, true],
    [{ GITHUB_TOKEN: 't' }, true],
    [{ TRUST_DELIVERIES: 'true', GITHUB_TOKEN: 't' }, true],
  ])('says whether anybody can tell if a branch exists, with %j: %s', (env, expected) => {
    expect(open(env).deps.manualDeps(log).believes()).toBe(expected);
  });

  it('hands a job’s questions on as they are', async () => {
    const { parts, deps } = open({ ...REPOSITORIES, CI_AUDIENCE: 'shop', BRANCH_MANIFESTS: 'true' });
    const { requests, records, auditTrail, branchTemplates: templates, toBranchOverlays: toOverlays } = parts;
    const workflow = deps.workflowDeps(log);
    const own = { clock: world.clock, newId: world.ports.newId, log };
    expect(workflow).toMatchObject({ requests, records, auditTrail, templates, toOverlays, ...own });
    expect(workflow.workflows()).toMatchObject({ audience: 'shop', manifests: true });
    expect(workflow.environment()).toMatchObject({ branchManifests: true });
    expect([
      await workflow.verify('token-1'),
      await workflow.repositoryId('acme/shop', 7),
      await workflow.pullRequestHead('acme/shop', 5),
      await workflow.defaultBranch?.('acme/shop'),
    ]).toEqual([{ kind: 'verified', claims: {} }, 42, { repositoryId: 42, ref: 'ex-1' }, 'trunk']);
    expect(asked).toEqual([
      ['verify', 'token-1'],
      ['repositoryId', 'acme/shop', 7],
      ['pullRequest', 'acme/shop', 5],
      ['defaultBranch', 'acme/shop'],
    ]);
  });

  it('knows neither pull requests nor default branches without credentials', async () => {
    const none = async () => undefined;
    const workflow = open({}, { pullRequests: none, defaultBranches: none }).deps.workflowDeps(log);
    expect(await workflow.pullRequestHead('acme/shop', 5)).toBeUndefined();
    expect(await workflow.defaultBranch?.('acme/shop')).toBeUndefined();
  });
});
