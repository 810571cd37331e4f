import { beforeEach, describe, expect, it } from '@jest/globals';
import type { EnvironmentRecord } from '../../../../lib/environment/model/record.ts';
import type { KubeObject } from '../../../../lib/environment/ports/cluster.ts';
import type { CredentialRequest, Reserved } from '../../../../lib/environment/ports/credentials.ts';
import { IDENTITY } from '../../../support/fakes/access.ts';
import { NAMESPACE } from '../../../support/fakes/world.ts';
import { type Witnessed, changeRecord, witness } from './witness.ts';

const CREDENTIAL = 'keyvault-workload-identity-ex-c4-e6';

let told: Witnessed;
beforeEach(() => {
  told = witness();
});

const handle = (...[reason, more]: Parameters<Witnessed['world']['request']>) => {
  told.world.clock.advance(60_000);
  return told.world.handle(told.world.request(reason, more));
};

const change = (more: Partial<EnvironmentRecord>): void => changeRecord(told.world, more);

/** What an identity answers from now on. */
function reserveOf(reserved: Partial<Reserved>): CredentialRequest[] {
  const { access } = told.world;
  const { ensure } = access;
  const asked: CredentialRequest[] = [];
  access.reserve = () =>
    Promise.resolve({
      kind: 'reserved',
      reserved: { clientId: 'client', tenantId: 'tenant', warnings: [], ...reserved },
    });
  access.ensure = (request, ...others) => {
    asked.push(request);
    return ensure(request, ...others);
  };
  return asked;
}

/** The record as it is before the first call that writes outside. */
function atFirstWrite(): { begun?: EnvironmentRecord | undefined } {
  const { world, calls } = told;
  const found: { begun?: EnvironmentRecord | undefined } = {};
  world.turn.hook = (what) => {
    calls.push(what);
    if (/^(POST|APPLY|PUT)/.test(what)) found.begun ??= world.record();
  };
  return found;
}

describe('what is written down before the first write outside', () => {
  it('is what a crash must not lose: the claim, the identity, the credentials to come and that it runs', async () => {
    const found = atFirstWrite();
    const { world } = told;
    world.access.limit = 0;
    await handle('create');
    expect(world.record()).toMatchObject({ phase: 'waiting', waitingFor: 'credential-slot' });
    world.access.limit = 20;
    world.overlays.objects = [...world.overlays.objects];
    world.ports.overlays = Object.assign(world.ports.overlays, { warnings: ['of the build'] });
    reserveOf({ identity: IDENTITY, warnings: ['of Azure'] });
    await handle('push');

    const at = new Date(world.clock.now()).toISOString();
    expect(found.begun).toMatchObject({
      phase: 'provisioning',
      identity: IDENTITY,
      credentials: [CREDENTIAL],
      warnings: ['of Azure', 'of the build'],
      steps: { namespace: { state: 'running', at, ms: 0 }, identity: { state: 'done' } },
    });
    expect(found.begun?.claim).toMatch(/^[0-9a-f]{32}$/);
    for (const key of ['uid', 'applied', 'waitingFor', 'waitingOn', 'refused'])
      expect(found.begun).not.toHaveProperty(key);
  });

  it('knows nothing more of a namespace that went, and keeps what is known of one that is there', async () => {
    await handle('create');
    const { uid, claim } = told.world.record() ?? {};
    const first = atFirstWrite();
    told.world.overlays.objects = told.world.overlays.objects.slice(1);
    await handle('push');
    expect(first.begun).toMatchObject({ uid, claim });
    expect(first.begun).not.toHaveProperty('applied');

    told.world.cluster.namespaces.clear();
    const second = atFirstWrite();
    await handle('push');
    expect(second.begun).not.toHaveProperty('uid');
    expect(second.begun?.claim).not.toBe(claim);
  });

  it('is no credential where the pool is empty', async () => {
    const found = atFirstWrite();
    reserveOf({});
    await handle('create');
    expect(found.begun?.credentials).toEqual([]);
    expect(found.begun).not.toHaveProperty('identity');
    expect(found.begun).not.toHaveProperty('formerIdentities');
  });
});

describe('an environment whose identity changes', () => {
  const OTHER = IDENTITY.replace('pool-1', 'pool-2');

  it('remembers where its credentials were, until they are removed there', async () => {
    await handle('create');
    change({ formerIdentities: ['older', IDENTITY] });
    const found = atFirstWrite();
    const asked = reserveOf({ identity: OTHER });
    await handle('provision');
    expect(found.begun).toMatchObject({ identity: OTHER, formerIdentities: ['older', IDENTITY] });
    expect(asked).toMatchObject([{ identity: OTHER, former: ['older', IDENTITY], wanted: [{ name: CREDENTIAL }] }]);
    expect(told.world.record()).not.toHaveProperty('formerIdentities');
  });

  it('is applied as a whole, without a look for what others changed', async () => {
    await handle('create');
    told.seen();
    reserveOf({ identity: OTHER });
    await handle('provision');
    expect(told.calls).not.toContain(`drift ${NAMESPACE}`);
    expect(told.calls.filter((call) => call.startsWith('APPLY'))).toHaveLength(4);
  });

  it('is the same where Azure only spells it otherwise', async () => {
    await handle('create');
    const found = atFirstWrite();
    reserveOf({ identity: IDENTITY.toUpperCase() });
    told.world.overlays.objects = told.world.overlays.objects.slice(1);
    await handle('push');
    expect(found.begun).toMatchObject({ identity: IDENTITY.toUpperCase() });
    expect(found.begun).not.toHaveProperty('formerIdentities');
  });
});

describe('an environment that is as it was applied', () => {
  beforeEach(() => handle('create'));

  it('is not written again, and has the warnings of today', async () => {
    told.seen();
    reserveOf({ identity: IDENTITY, warnings: ['of Azure'] });
    await handle('provision');
    expect(told.calls.filter((call) => /^(POST|APPLY|DELETE)/.test(call))).toEqual([]);
    expect(told.calls).toContain(`drift ${NAMESPACE}`);
    expect(told.world.record()).toMatchObject({ phase: 'ready', warnings: ['of Azure'] });
  });

  it('gets back what others changed, and that alone', async () => {
    const { world } = told;
    world.cluster.namespaces.get(NAMESPACE)?.objects.delete(`Deployment/${NAMESPACE}/web`);
    const found = atFirstWrite();
    told.seen();
    await handle('provision');
    expect(told.calls.filter((call) => call.startsWith('APPLY'))).toEqual([`APPLY Deployment/${NAMESPACE}/web`]);
    expect(found.begun?.phase).toBe('provisioning');
    expect(world.record()?.history.find(({ what, why }) => what === 'applied' && why !== undefined)?.why).toBe(
      `restored Deployment/${NAMESPACE}/web (missing)`,
    );
  });

  it('is no object of the namespace’s own kind when others’ changes are looked for', async () => {
    const { world } = told;
    world.overlays.objects = [
      ...world.overlays.objects,
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } },
    ];
    await handle('push');
    const looked: KubeObject[] = [];
    const { drift } = world.cluster;
    world.cluster.drift = (objects, options) => {
      looked.push(...objects);
      return drift(objects, options);
    };
    await handle('provision');
    expect(looked.map(({ kind }) => kind)).toEqual(['ResourceQuota', 'ServiceAccount', 'Deployment', 'Ingress']);
  });
});
