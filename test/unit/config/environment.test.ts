import { describe, expect, it } from '@jest/globals';
import { readContentLimits, readEnvironmentSettings, readKeepMax } from '../../../lib/config.ts';
import { faultOf } from './fault-of.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

const DEFAULTS = {
  repositories: [],
  defaultBranches: ['main', 'master'],
  protectedNamespaces: [],
  reservedHosts: ['www', 'api', 'auth', 'login', 'admin', 'grafana', 'argocd', 'mail', 'cdn', 'static', 'app'],
  admits: expect.any(Function) as unknown,
  podSecurity: 'baseline',
  initialImageTag: '{slug}',
  branchManifests: false,
  allowUnguarded: false,
  mode: 'apply',
  trustDeliveries: false,
  maxDeliveryAgeMs: 3 * DAY_MS,
  readyDeadlineMs: 10 * MINUTE_MS,
  imageWaitMs: 20 * MINUTE_MS,
  podRepair: true,
  driftIntervalMs: HOUR_MS,
  deleteGraceMs: 0,
  rollout: 'sweep',
  sweepCreates: false,
};

describe('the settings of environments', () => {
  it('are those of the contract where none is given, and say nothing of what is off', () => {
    expect(readEnvironmentSettings({})).toStrictEqual(DEFAULTS);
  });

  it.each<[string, string, object]>([
    ['FEDERATED_CREDENTIAL_NAME', 'x-{slug}', { credentialName: 'x-{slug}' }],
    ['FEDERATED_CREDENTIAL_NAME', 'x-{slug}-{serviceAccount}', { credentialName: 'x-{slug}-{serviceAccount}' }],
    ['INITIAL_IMAGE_TAG', 'main-{slug}', { initialImageTag: 'main-{slug}' }],
    ['IMAGE_TAG_TEMPLATE', '{slug}-{sha7}', { imageTagTemplate: '{slug}-{sha7}' }],
    ['MAX_ENVIRONMENTS', '30', { maxEnvironments: 30 }],
    ['ENVIRONMENT_TTL', '7d', { ttlMs: 7 * DAY_MS }],
    ['ENVIRONMENT_TTL', '0', {}],
    ['BRANCH_MANIFESTS', 'true', { branchManifests: true }],
    ['ALLOW_UNGUARDED', 'true', { allowUnguarded: true }],
    ['MODE', 'observe', { mode: 'observe' }],
    ['TRUST_DELIVERIES', 'true', { trustDeliveries: true }],
    ['MAX_DELIVERY_AGE', '2h', { maxDeliveryAgeMs: 2 * HOUR_MS }],
    ['READY_DEADLINE', '90s', { readyDeadlineMs: 90_000 }],
    ['IMAGE_WAIT', '1h', { imageWaitMs: HOUR_MS }],
    ['POD_REPAIR', 'false', { podRepair: false }],
    ['DRIFT_INTERVAL', '30m', { driftIntervalMs: 30 * MINUTE_MS }],
    ['DELETE_GRACE', '24h', { deleteGraceMs: DAY_MS }],
    ['ROLLOUT', 'on-event', { rollout: 'on-event' }],
    ['SWEEP_CREATES', 'true', { sweepCreates: true }],
    ['SWEEP_MAX_DELETIONS', '5', { sweepMaxDeletions: 5 }],
    ['SWEEP_MAX_DELETIONS', '10%', { sweepMaxDeletionsPercent: 10 }],
    ['SWEEP_MAX_DELETIONS', '100%', { sweepMaxDeletionsPercent: 100 }],
    ['PUSH_UPDATES', 'false', { ignoresPushes: true }],
    ['GITHUB_COMMENT', 'true', { comments: true }],
    ['POD_SECURITY', 'restricted', { podSecurity: 'restricted' }],
    ['POD_SECURITY', 'privileged', { podSecurity: 'privileged' }],
    ['ALLOWED_HOSTS', '{slug}.{domain}', { allowedHosts: ['{slug}.{domain}'] }],
    ['DEFAULT_BRANCHES', 'trunk', { defaultBranches: ['trunk'] }],
    ['PROTECTED_NAMESPACES', 'shop, billing', { protectedNamespaces: ['shop', 'billing'] }],
    ['RESERVED_HOSTS', 'shop', { reservedHosts: ['shop'] }],
  ])('take %s=%s, which changes nothing else', (name, value, expected) => {
    expect(readEnvironmentSettings({ [name]: value })).toStrictEqual({ ...DEFAULTS, ...expected });
  });

  it.each<[Record<string, string>, string]>([
    [
      { FEDERATED_CREDENTIAL_NAME: 'one-for-all' },
      'FEDERATED_CREDENTIAL_NAME must begin with a letter or digit, hold {slug} and be of letters, digits, - and _',
    ],
    [{ INITIAL_IMAGE_TAG: 'a b' }, 'INITIAL_IMAGE_TAG is not an image tag'],
    [
      { IMAGE_TAG_TEMPLATE: '{slug}' },
      'IMAGE_TAG_TEMPLATE must hold {sha} or {sha7} to {sha64} and give an image tag, as {slug}-{sha7} does',
    ],
    [
      { IMAGE_TAG_TEMPLATE: '{sha}', PUSH_UPDATES: 'false' },
      'IMAGE_TAG_TEMPLATE has no effect while PUSH_UPDATES is false',
    ],
    [{ SWEEP_MAX_DELETIONS: '101%' }, 'SWEEP_MAX_DELETIONS must be a number or a percentage, such as 5 or 25%'],
    [{ MAX_ENVIRONMENTS: '0' }, 'MAX_ENVIRONMENTS must be a whole number of 1 or more'],
    [{ READY_DEADLINE: 'soon' }, 'READY_DEADLINE must be a duration such as 90s, 10m, 24h or 7d'],
    [{ MODE: 'off' }, 'MODE must be apply or observe'],
  ])('refuse %j in these words', (env, words) => {
    expect(faultOf(() => readEnvironmentSettings(env))).toBe(words);
  });

  it('name every fault, one after another', () => {
    const fault = faultOf(() => readEnvironmentSettings({ MODE: 'x', ROLLOUT: 'y' }));
    expect(fault).toBe('MODE must be apply or observe; ROLLOUT must be sweep or on-event');
  });
});

describe('the limits of what an overlay may hold', () => {
  it('are the default level, and no limit of hosts', () => {
    expect(readContentLimits({})).toStrictEqual({ podSecurity: 'baseline' });
  });

  it.each(['a.example.test', '*.{slug}.{domain}', '*--{slug}.{domain}', '{slug}.{domain},x.test'])(
    'take hosts such as %s',
    (hosts) => {
      expect(readContentLimits({ ALLOWED_HOSTS: hosts }).allowedHosts).toEqual(hosts.split(','));
    },
  );

  it.each(['{branch}.test', 'UPPER.test', 'good.test,b ad'])('refuse hosts such as %s', (hosts) => {
    expect(faultOf(() => readContentLimits({ ALLOWED_HOSTS: hosts }))).toBe(
      'ALLOWED_HOSTS an entry is not a pattern such as {slug}.{domain}',
    );
  });
});

describe('how long an environment may be kept', () => {
  it.each([
    [{}, 90 * DAY_MS],
    [{ KEEP_MAX: '7d' }, 7 * DAY_MS],
    [{ KEEP_MAX: '0' }, 0],
  ])('is, with %j, %i ms', (env, expected) => {
    expect(readKeepMax(env)).toBe(expected);
  });

  it('is refused where it is no duration', () => {
    expect(faultOf(() => readKeepMax({ KEEP_MAX: 'long' }))).toContain('KEEP_MAX must be a duration');
  });
});
