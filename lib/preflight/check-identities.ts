import type { Credentials } from '../environment/ports/credentials.ts';
import { type Check, failed, failedBy, judge, skipped } from './check.ts';

const SLOTS = 20;
const ACTIONS = ['read', 'write', 'delete'].map(
  (verb) => `Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/${verb}`,
);

interface Permission {
  actions?: string[];
  notActions?: string[];
}

export interface IdentityDeps {
  pool: readonly string[];
  holdings: Credentials['holdings'];
  /** Reads one JSON document of ARM by its path. */
  arm(path: string): Promise<unknown>;
  /** Reads a JSON document of the web; throws where it can't be had. */
  readJson(url: string): Promise<unknown>;
  /** As AKS states it; undefined where the app knows no AKS cluster. */
  clusterIssuer: (() => Promise<string>) | undefined;
}

/** Each identity of the pool: readable, writable, with free slots; and whether the issuer is the cluster's. */
export async function checkIdentities(deps: IdentityDeps): Promise<Check[]> {
  if (deps.pool.length === 0) {
    const check = { name: 'identities', expected: 'WORKLOAD_IDENTITIES names at least one' };
    return [skipped({ ...check, found: 'the pool is empty: no branch opens a Key Vault' })];
  }
  const [{ issuer, identities, unread }, ...writable] = await Promise.all([
    deps.holdings(),
    ...deps.pool.map((id) => checkWritable(deps, id)),
  ]);
  const slots = identities.map(({ identity, credentials }) => {
    const used = credentials.length;
    return judge(used < SLOTS, {
      name: `identity ${nameOf(identity)}: slots`,
      found: `${used} of ${SLOTS} used`,
      expected: 'a free slot',
      fix: 'add an identity to WORKLOAD_IDENTITIES, or remove environments',
    });
  });
  const unreadable = unread.map((identity) =>
    failed({
      name: `identity ${nameOf(identity)}: slots`,
      found: 'its credentials could not be listed',
      expected: 'a free slot',
      fix: 'give the provisioner userAssignedIdentities/read and federatedIdentityCredentials/read on it',
    }),
  );
  return [...slots, ...unreadable, ...writable, ...(await checkIssuer(deps, issuer))];
}

async function checkWritable({ arm }: IdentityDeps, id: string): Promise<Check> {
  const check = { name: `identity ${nameOf(id)}: rights`, expected: 'read, write, delete of federated credentials' };
  try {
    const { value = [] } = (await arm(
      `${id}/providers/Microsoft.Authorization/permissions?api-version=2022-04-01`,
    )) as {
      value?: Permission[];
    };
    const missing = ACTIONS.filter((action) => !value.some((permission) => admits(permission, action)));
    if (missing.length === 0) return { ...check, state: 'ok', found: 'read, write, delete' };
    return failed({
      ...check,
      found: `may not ${missing.map((action) => action.split('/').at(-1)).join(', ')}`,
      fix: 'assign the provisioner the federated credential writer role of infra/ on this identity',
    });
  } catch (thrown) {
    return failedBy(thrown, check);
  }
}

/** ARM's own rule: an action counts where one of `actions` fits it and none of `notActions` does; `*` fits anything. */
function admits({ actions = [], notActions = [] }: Permission, action: string): boolean {
  const fits = (pattern: string): boolean => {
    const source = pattern.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*');
    return new RegExp(`^${source}$`, 'i').test(action);
  };
  return actions.some(fits) && !notActions.some(fits);
}

async function checkIssuer({ clusterIssuer, readJson }: IdentityDeps, issuer: string): Promise<Check[]> {
  const checks: Check[] = [];
  if (clusterIssuer !== undefined) {
    const name = "issuer: the cluster's own";
    const stated = await clusterIssuer().catch((thrown: unknown) => failedBy(thrown, { name, expected: issuer }));
    checks.push(
      typeof stated === 'object'
        ? stated
        : judge(stated === issuer, {
            name,
            found: stated,
            expected: issuer,
            fix: 'remove OIDC_ISSUER_URL, or set it to what AKS states, the trailing slash included',
          }),
    );
  }
  const name = 'issuer: discovery document';
  try {
    const document = (await readJson(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`)) as {
      issuer?: string;
    };
    checks.push(
      judge(document.issuer === issuer, {
        name,
        found: document.issuer ?? 'no issuer in it',
        expected: issuer,
        fix: 'set OIDC_ISSUER_URL to the issuer that the document states',
      }),
    );
  } catch (thrown) {
    checks.push(failedBy(thrown, { name, expected: `${issuer} answers: Entra ID reads the signing keys there` }));
  }
  return checks;
}

function nameOf(id: string): string {
  return id.split('/').at(-1) ?? id;
}
