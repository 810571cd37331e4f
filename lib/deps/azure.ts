import { credentialOf } from '../azure/token-credential.ts';
import { once } from '../concurrency.ts';
import { readArmSettings } from '../config.ts';
import type { ArmAccess } from '../azure/arm-client.ts';
import type { Credentials } from '../environment/ports/credentials.ts';
import { namesIdentity } from '../environment/model/record.ts';
import type { IdentityLocks } from '../identity/writer/identity-lock.ts';
import type { Machine } from './machine.ts';
import type { StorageDeps } from './storage.ts';

/** ARM, and the pool of workload identities behind it. */
export interface AzureDeps {
  /** How ARM is reached; a stand-in on this machine gets no token. */
  arm(): Promise<ArmAccess>;
  identityLocks(): Promise<IdentityLocks>;
  access(): Promise<Credentials>;
}

export function createAzureDeps(
  { env, settings, clock, random, log, bounds }: Machine,
  { container, records }: Pick<StorageDeps, 'container' | 'records'>,
): AzureDeps {
  const arm = once(async () => {
    const reach = readArmSettings(env);
    if (reach.loopback) {
      log.warn('ARM_ENDPOINT is a plain http address: no token is asked for or sent', {
        endpoint: new URL(reach.endpoint ?? '').origin,
      });
      return reach;
    }
    const { provisionerClientId } = settings.identities();
    return { ...reach, credential: await credentialOf(provisionerClientId) };
  });
  const identityLocks = once(async () => {
    const { createIdentityLocks } = await import('../identity/writer/identity-lock.ts');
    return createIdentityLocks({ container: container('identities'), clock, random, ...bounds });
  });
  const access = once(async () => {
    const { pool, issuer, aksClusterId = '' } = settings.identities();
    const [{ createFederatedCredentials }, { createArmIdentities }, { aksIssuer, givenIssuer }, locks, reach] =
      await Promise.all([
        import('../identity/federated-credentials.ts'),
        import('../identity/managed-identities.ts'),
        import('../azure/oidc-issuer.ts'),
        identityLocks(),
        arm(),
      ]);
    return createFederatedCredentials({
      pool,
      identities: createArmIdentities({ arm: reach, ...bounds }),
      issuer:
        issuer === undefined ? aksIssuer({ clusterId: aksClusterId, arm: reach, ...bounds }) : givenIssuer(issuer),
      locks,
      clock,
      random,
      log,
      ...bounds,
      async holds(slug, identityId) {
        return namesIdentity((await (await records()).read(slug))?.record, identityId);
      },
    });
  });
  return { arm, identityLocks, access };
}
