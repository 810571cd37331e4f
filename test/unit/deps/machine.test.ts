import { describe, expect, it } from '@jest/globals';
import { thisMachine } from '../../../lib/deps/machine.ts';
import { processLog } from '../../../lib/log.ts';

const CLUSTER = '/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/aks';

describe('this process', () => {
  it('reads each group of its settings when it is asked for, once it is right only', () => {
    const env: Record<string, string> = {};
    const { settings } = thisMachine(env);
    expect(() => settings.webhookSecrets()).toThrow('GITHUB_WEBHOOK_SECRET is missing');
    Object.assign(env, {
      GITHUB_WEBHOOK_SECRET: 'a-secret-of-16-by',
      GITHUB_REPOSITORIES: 'acme/shop',
      MODE: 'observe',
      CI_AUDIENCE: 'shop',
      POD_SECURITY: 'restricted',
      AKS_CLUSTER_ID: CLUSTER,
      GITHUB_TOKEN: 't',
      LOGS: 'true',
    });
    const read = () => ({
      environment: settings.environment().mode,
      intake: settings.intake().repositories,
      secrets: settings.webhookSecrets(),
      workflows: settings.workflows().audience,
      content: settings.content(),
      identities: settings.identities(),
      github: settings.github()?.credentials,
      page: settings.page().logs,
    });
    const expected = {
      environment: 'observe',
      intake: [{ fullName: 'acme/shop' }],
      secrets: ['a-secret-of-16-by'],
      workflows: 'shop',
      content: { podSecurity: 'restricted' },
      identities: { pool: [], aksClusterId: CLUSTER },
      github: { kind: 'token', token: 't' },
      page: true,
    };
    expect(read()).toEqual(expected);
    for (const name of Object.keys(env)) delete env[name];
    expect(read()).toEqual(expected);
  });

  it('has its own clock, chance, ids and log, and bounds nothing', () => {
    const env = {};
    const machine = thisMachine(env);
    expect(Math.abs(machine.clock.now() - Date.now())).toBeLessThan(1_000);
    expect(new Set([machine.newId(), machine.newId()]).size).toBe(2);
    expect(machine.random()).toBeLessThan(1);
    expect({ log: machine.log, bounds: machine.bounds, env: machine.env }).toEqual({
      log: processLog,
      bounds: {},
      env,
    });
  });
});
