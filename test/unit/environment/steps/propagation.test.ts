import { describe, expect, it } from '@jest/globals';
import { causeOf, isOfNewCredential } from '../../../../lib/environment/model/reporting/known-causes.ts';
import { unready } from '../../../support/fakes/cluster-state.ts';
import { createWorld } from '../../../support/fakes/world.ts';

const REFUSED = 'FailedMount: AADSTS70021: No matching federated identity record found for presented assertion.';

async function starting(state: 'starting' | 'failed', reason: string) {
  const world = createWorld();
  world.cluster.readinessIs = unready(reason, {
    health: state,
    object: 'StatefulSet/feature-ex-c4-e6/db',
    code: 'mount',
  });
  await world.handle(world.request('create'));
  return world;
}

describe('a new credential', () => {
  it('is known to the record by the time at which Azure acknowledged it, and by that of the newest', async () => {
    const world = createWorld();
    await world.handle(world.request('create'));
    const first = world.record()?.credentialAt;
    expect(first).toBe('2026-11-23T10:00:00.000Z');

    world.clock.advance(60_000);
    await world.handle(world.request('provision'));
    expect(world.record()?.credentialAt).toBe(first);
    world.access.credentials.clear();
    await world.handle(world.request('provision'));
    expect(world.record()?.credentialAt).toBe('2026-11-23T10:01:00.000Z');

    world.clock.advance(60_000);
    await world.handle(world.request('delete'));
    await world.settle();
    expect(world.record()).toMatchObject({ phase: 'gone' });
    expect(world.record()).not.toHaveProperty('credentialAt');
  });

  it.each(['starting', 'failed'] as const)(
    'makes a refused token something to wait for where workloads are %s, and a failure with its fix after READY_DEADLINE',
    async (state) => {
      const world = await starting(state, REFUSED);

      expect(world.record()).toMatchObject({ phase: 'starting' });
      expect(world.record()?.waitingOn).toMatch(
        /^StatefulSet\/feature-ex-c4-e6\/db: waiting for Entra ID to know the credential, written at 2026-11-23T10:00:00Z: /,
      );

      await world.settle(540_000);
      expect(world.record()).toMatchObject({ phase: 'starting' });
      await world.settle();
      expect(world.record()).toMatchObject({
        phase: 'failed',
        error: { code: 'not-ready', fix: expect.stringContaining('trailing slash') },
      });
      expect(world.record()?.error?.message).toContain('no federated credential of the identity fits the token');
    },
  );

  it('excuses no other failure', async () => {
    const world = await starting('failed', 'FailedMount: ForbiddenByRbac');

    expect(world.record()).toMatchObject({ phase: 'failed', error: { fix: expect.stringContaining('Secrets User') } });
  });
});

describe('causeOf', () => {
  it.each([
    ['AADSTS70021: x', 'AADSTS70021', 'federated-credential'],
    ['"AADSTS700213: x"', 'AADSTS700213', 'federated-credential'],
    ['AADSTS700016: Application with identifier', 'AADSTS700016', 'managed-identity'],
    ['AADSTS123456: x', 'AADSTS123456', 'managed-identity'],
    ['StatusCode=403 innererror ForbiddenByFirewall', 'ForbiddenByFirewall', 'key-vault'],
    ['Code="SecretNotFound" was not found in this key vault', 'SecretNotFound', 'key-vault'],
    ['dial tcp: lookup kv-1.vault.azure.net on 10.0.0.10:53: no such host', 'NoSuchVault', 'key-vault'],
    ['SecretProviderClass.secrets-store.csi.x-k8s.io "x" not found', 'NoSuchClass', 'key-vault-class'],
    ['driver name secrets-store.csi.k8s.io not found in the list', 'NoDriver', 'cluster'],
    ['serviceaccount "db" not found', 'NoServiceAccount', 'service-account'],
    ['failed calling webhook "mutation.azure-workload-identity.io"', 'NoWebhook', 'cluster'],
  ])('explains %s', (message, code, accuses) => {
    expect(causeOf(message)).toMatchObject({ code, accuses });
  });

  it('says nothing of what it does not know', () => {
    expect(causeOf('Back-off pulling image "web:1"')).toBeUndefined();
  });

  it('takes for a new credential only what one can be the reason of', () => {
    const of = ['AADSTS70021:', 'AADSTS700211:', 'AADSTS700213:', 'AADSTS7002131:', 'AADSTS700212:', 'AADSTS700016:'];

    expect(of.map(isOfNewCredential)).toEqual([true, true, true, true, false, false]);
  });
});
