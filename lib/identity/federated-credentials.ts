import type { CredentialPlan, CredentialRequest, Credentials } from '../environment/ports/credentials.ts';
import type { Clock, Log } from '../environment/ports/ports.ts';
import { type IdentityContext, credentialObject } from './context.ts';
import { ensure } from './ensure.ts';
import { inspect, readHoldings } from './inspect.ts';
import type { ArmIdentities } from './managed-identities.ts';
import { describeIdentity } from './pool/placement.ts';
import { selectIdentity } from './pool/select.ts';
import { findOwn, remove } from './remove.ts';
import { reserve } from './reserve.ts';
import type { IdentityLocks } from './writer/identity-lock.ts';

export interface FederatedCredentialsOptions {
  /** ARM ids of the identities that may be selected, in any case; none means no credentials. */
  pool: readonly string[];
  identities: ArmIdentities;
  /** The cluster's token issuer, character for character. */
  issuer(): Promise<string>;
  locks: IdentityLocks;
  clock: Clock;
  /** In [0, 1). */
  random(): number;
  log: Log;
  /** Of one call to ARM, in ms. */
  timeoutMs?: number;
  /** Whether the slug's record names this identity and is neither gone nor refused; without it reservations end after 1 h. */
  holds?(slug: string, identityId: string): Promise<boolean>;
}

const TIMEOUT_MS = 10_000;

/** Gives workloads an Azure identity by federated credentials on a pool of user-assigned identities. */
export function createFederatedCredentials(options: FederatedCredentialsOptions): Credentials {
  const { timeoutMs = TIMEOUT_MS, pool } = options;
  const context: IdentityContext = {
    ...options,
    pool: [...new Map(pool.map((id) => [id.toLowerCase(), id])).values()],
    lists: new Map(),
    described: new Map(),
    timeoutMs,
  };
  return {
    reserve: (request) => reserve(context, request),
    ensure: (request, reserved, writeGuard) => ensure(context, { request, reserved, writeGuard }),
    remove: (request, writeGuard) => remove(context, request, writeGuard),
    plan: (request, state) => plan(context, request, state),
    inspect: async (request) =>
      isUnused(context, request)
        ? {
            issuer: '',
            poolSize: 0,
            identities: [],
            placed: request.wanted.map(({ serviceAccount }) => ({ serviceAccount })),
          }
        : inspect(context, request),
    holdings: () => readHoldings(context),
  };
}

/** Whether the issuer is not needed: there is no pool, and no credential was written while there was one. */
function isUnused({ pool }: IdentityContext, { identity }: CredentialRequest): boolean {
  return pool.length === 0 && identity === undefined;
}

async function plan(
  context: IdentityContext,
  request: CredentialRequest,
  state: 'present' | 'absent',
): Promise<CredentialPlan> {
  if (state === 'absent') return { changes: isUnused(context, request) ? [] : await findOwn(context, request) };
  const skip = (reason: string) => ({
    changes: request.wanted.map(({ name }) => ({
      object: `FederatedCredential/${name}`,
      action: 'skipped' as const,
      reason,
    })),
  });
  if (context.pool.length === 0) return skip('WORKLOAD_IDENTITIES is empty');
  const selection = await selectIdentity(context, request);
  if (selection.kind === 'refused') return { changes: [], refused: selection.refusal };
  if (selection.kind === 'full') return { ...skip(selection.why), full: selection.why };
  const changes = selection.parts.flatMap(({ identityId, owns }) =>
    owns.map(({ own, state: now }) => ({
      object: credentialObject(identityId, own.name),
      action: now === 'present' ? ('unchanged' as const) : ('created' as const),
    })),
  );
  const { identityId: identity, warnings } = selection;
  return { changes, reserved: { identity, ...(await describeIdentity(context, identity)), warnings } };
}
