import type { Reason } from '../../ports/readiness.ts';
import type { EnvironmentRecord } from '../record.ts';

/** What an event's text means, in words only: Microsoft may change its codes (FACTS A7), so they decide nothing. */
export interface EventCause {
  code: string;
  meaning: string;
  fix: string;
  /** The broken link of the identity chain. */
  accuses:
    'federated-credential' | 'managed-identity' | 'service-account' | 'key-vault-class' | 'key-vault' | 'cluster';
}

type Row = [code: string, accuses: EventCause['accuses'], meaning: string, fix: string];

const PROVISION = 'provision the branch again';

/** https://learn.microsoft.com/entra/identity-platform/reference-error-codes and the troubleshooting page of Azure Workload Identity. */
const ENTRA: readonly Row[] = [
  [
    'AADSTS70021',
    'federated-credential',
    'no federated credential of the identity fits the token, or Entra ID does not know it yet',
    'compare issuer, subject and audience below, the trailing slash of the issuer above all; wait some minutes where the credential is new',
  ],
  [
    'AADSTS700211',
    'federated-credential',
    'no federated credential has the issuer of the token, or Entra ID does not know it yet',
    'the issuer must be as AKS states it, with its trailing slash: compare it below, wait where it is new',
  ],
  [
    'AADSTS700212',
    'federated-credential',
    'no federated credential has the audience of the token',
    'the audience must be api://AzureADTokenExchange',
  ],
  [
    'AADSTS700213',
    'federated-credential',
    'no federated credential has the subject of the token, or Entra ID does not know it yet',
    'the subject names namespace and service account of the pod: compare it below, wait where it is new',
  ],
  [
    'AADSTS700016',
    'managed-identity',
    'the tenant has no application with this client id',
    'the client id in the service account or the Key Vault class is of another identity or tenant: compare them below',
  ],
  [
    'AADSTS700024',
    'cluster',
    'the token is not within its time of validity',
    'the clocks of the nodes differ from those of Entra ID, or the token was not renewed: make the pod again',
  ],
  [
    'AADSTS700027',
    'cluster',
    'the signature of the token does not fit the keys that its issuer publishes',
    'look whether the issuer was rotated (az aks oidc-issuer rotate-signing-keys) and its discovery page can be reached',
  ],
  [
    'AADSTS50027',
    'cluster',
    'the token is not one that Entra ID can read',
    'look whether the issuer of the cluster is enabled (az aks update --enable-oidc-issuer)',
  ],
  [
    'AADSTS50166',
    'cluster',
    'Entra ID could not read the keys of the issuer',
    'the discovery page of the issuer must be reachable from the internet',
  ],
  [
    'AADSTS501661',
    'cluster',
    'Entra ID could not read the discovery page of the issuer',
    'the discovery page of the issuer must be reachable from the internet',
  ],
  ['AADSTS90002', 'managed-identity', 'there is no such tenant', 'the tenant id is wrong: compare it below'],
  ['AADSTS900023', 'managed-identity', 'the tenant id is not one', 'the tenant id is wrong: compare it below'],
  [
    'AADSTS500011',
    'key-vault',
    'the tenant does not know the resource that a token was asked for',
    'look whether identity and Key Vault are in one tenant, and the class names the right cloud',
  ],
];

const TEXTS: readonly [RegExp, ...Row][] = [
  [
    /ForbiddenByFirewall|client address is not authorized/i,
    'ForbiddenByFirewall',
    'key-vault',
    'the firewall of the Key Vault does not let the nodes in',
    'let the subnet of the nodes into the Key Vault, or give it a private endpoint',
  ],
  [
    /ForbiddenByRbac|ForbiddenByPolicy|is not authorized to perform action|does not have secrets get permission/i,
    'Forbidden',
    'key-vault',
    'the identity may not read the Key Vault',
    'give the identity the role Key Vault Secrets User on the Key Vault; a new role takes some minutes to work',
  ],
  [
    /SecretNotFound|was not found in this key vault/i,
    'SecretNotFound',
    'key-vault',
    'the Key Vault has no secret of this name',
    'make the secret in the Key Vault, or fix the objects of the SecretProviderClass',
  ],
  [
    /lookup \S*vault\.\S+.*no such host/i,
    'NoSuchVault',
    'key-vault',
    'there is no Key Vault of this name',
    'fix keyvaultName of the SecretProviderClass (OVERLAY_KEYVAULT_NAME)',
  ],
  [
    /secretproviderclass\S* .*not found/i,
    'NoSuchClass',
    'key-vault-class',
    'the SecretProviderClass that the pod names is not there',
    PROVISION,
  ],
  [
    /driver name secrets-store\.csi\.k8s\.io not found|provider not found: provider "azure"/i,
    'NoDriver',
    'cluster',
    'the node has no Secrets Store driver, or not its Azure provider',
    'run az aks enable-addons --addons azure-keyvault-secrets-provider; on a new node wait for its driver',
  ],
  [
    /service ?account "?\S+"? not found|error looking up service account/i,
    'NoServiceAccount',
    'service-account',
    'the service account that the pod names is not there',
    PROVISION,
  ],
  [
    /azure-workload-identity\.io|azure-wi-webhook/i,
    'NoWebhook',
    'cluster',
    'the workload identity webhook of the cluster did not answer',
    'look at the pods azure-wi-webhook-controller-manager in kube-system',
  ],
];

/** The known cause in an event's text; undefined if the table has none. */
export function causeOf(message: string): EventCause | undefined {
  const code = /AADSTS\d+/.exec(message)?.[0];
  const entra = ENTRA.find(([known]) => known === code);
  if (entra !== undefined) return toCause(entra);
  const text = TEXTS.find(([pattern]) => pattern.test(message));
  if (text !== undefined) return toCause(text.slice(1) as Row);
  if (code === undefined) return undefined;
  return toCause([
    code,
    'managed-identity',
    'Entra ID refused the token',
    `look ${code} up in its list of error codes`,
  ]);
}

/** Whether the text is Entra ID's answer for a credential that it does not know, or not yet. */
export function isOfNewCredential(message: string): boolean {
  return /AADSTS70021\d{0,2}\b/.test(message) && causeOf(message)?.code !== 'AADSTS700212';
}

function toCause([code, accuses, meaning, fix]: Row): EventCause {
  return { code, meaning, fix, accuses };
}

/**
 * All of Entra ID knows a credential seconds to minutes after Azure acknowledged it, and a token that was requested too
 * early is refused for some minutes more (FACTS A7). Times are ms since the epoch.
 */
export interface Propagation {
  since: number;
  until: number;
}

/** Undefined if no credential is new enough to explain a refused token. */
export function toPropagation(
  { credentialAt }: Pick<EnvironmentRecord, 'credentialAt'>,
  { now, readyDeadlineMs }: { now: number; readyDeadlineMs: number },
): Propagation | undefined {
  if (credentialAt === undefined) return undefined;
  const since = Date.parse(credentialAt);
  const until = since + readyDeadlineMs;
  return now < until ? { since, until } : undefined;
}

/** A reason with what is known of its cause; `isPropagating` says that only time is missing. */
export interface ExplainedReason {
  reason: Reason;
  isPropagating: boolean;
}

/** Explains a reason that quotes a known text of Entra ID, Key Vault or the Secrets Store driver. */
export function explainReason(reason: Reason, propagation: Propagation | undefined): ExplainedReason {
  const { cause } = reason;
  if (propagation !== undefined && isOfNewCredential(cause)) {
    // the time, not the age: a text that changes with each reading would look like news
    const written = new Date(propagation.since).toISOString().slice(0, 19);
    const words = `waiting for Entra ID to know the credential, written at ${written}Z: ${cause}`;
    const fix = 'no action needed: the pod tries again by itself';
    return { reason: { ...reason, code: 'credential', cause: words, fix }, isPropagating: true };
  }
  const known = causeOf(cause);
  if (known === undefined) return { reason, isPropagating: false };
  const code = ENTRA_LINKS.has(known.accuses) ? 'credential' : reason.code;
  return { reason: { ...reason, code, cause: `${known.meaning}: ${cause}`, fix: known.fix }, isPropagating: false };
}

/** A pod that gets no token fails by its credential, whatever asked for the token. */
const ENTRA_LINKS: ReadonlySet<EventCause['accuses']> = new Set(['federated-credential', 'managed-identity']);
