import { describe, expect, it } from '@jest/globals';
import {
  causeOf,
  explainReason,
  isOfNewCredential,
  toPropagation,
} from '../../../../../lib/environment/model/reporting/known-causes.ts';
import { keepTold } from '../../../../support/keep-told.ts';

const NOW = Date.parse('2026-11-23T10:00:00.000Z');
const reason = (cause: string) => ({ object: 'Pod/x/y', cause, code: 'mount' as const });

describe('causeOf', () => {
  const explain = keepTold(causeOf);

  // as Entra ID, Key Vault, the Secrets Store driver and the API server write them
  it.each([
    ['AADSTS70021: No matching federated identity record found', 'AADSTS70021'],
    ['AADSTS700211: No matching federated identity record found for presented assertion issuer', 'AADSTS700211'],
    ['AADSTS700212: No matching federated identity record found for presented assertion audience', 'AADSTS700212'],
    ['AADSTS700213: No matching federated identity record found for presented assertion subject', 'AADSTS700213'],
    ['AADSTS700016: Application with identifier x was not found in the directory', 'AADSTS700016'],
    ['AADSTS700024: Client assertion is not within its valid time range', 'AADSTS700024'],
    [
      'AADSTS700027: The certificate with identifier used to sign the client assertion is not registered',
      'AADSTS700027',
    ],
    ['AADSTS50027: Invalid JWT token', 'AADSTS50027'],
    ['AADSTS50166: Request to External OIDC endpoint failed', 'AADSTS50166'],
    ['AADSTS501661: Request to External OIDC endpoint failed', 'AADSTS501661'],
    ['AADSTS90002: Tenant x not found', 'AADSTS90002'],
    ['AADSTS900023: Specified tenant identifier x is neither a valid DNS name', 'AADSTS900023'],
    ['AADSTS500011: The resource principal named x was not found in the tenant', 'AADSTS500011'],
    ['AADSTS123456: x', 'AADSTS123456'],
    ['Client address is not authorized and caller is not a trusted service', 'ForbiddenByFirewall'],
    ['innererror ForbiddenByFirewall', 'ForbiddenByFirewall'],
    ['Caller is not authorized to perform action on resource', 'Forbidden'],
    ['innererror ForbiddenByRbac', 'Forbidden'],
    ['does not have secrets get permission on key vault', 'Forbidden'],
    ['A secret with (name/id) x was not found in this key vault', 'SecretNotFound'],
    ['lookup kv-1.vault.azure.net on 10.0.0.10:53: no such host', 'NoSuchVault'],
    ['secretproviderclasses.secrets-store.csi.x-k8s.io "x" not found', 'NoSuchClass'],
    ['driver name secrets-store.csi.k8s.io not found in the list of registered CSI drivers', 'NoDriver'],
    ['provider not found: provider "azure"', 'NoDriver'],
    ['error looking up service account x/db: serviceaccount "db" not found', 'NoServiceAccount'],
    ['failed calling webhook "mutation.azure-workload-identity.io"', 'NoWebhook'],
  ])('says of %s what it means, what fixes it and which link of the chain is broken', (message, code) => {
    expect(explain(message)?.code).toBe(code);
  });

  it('goes by the code of Entra ID where the text names both', () => {
    expect(causeOf('azure-wi-webhook: AADSTS700016: x')?.code).toBe('AADSTS700016');
    // what the table does not know by its code may be known by its text
    expect(causeOf('AADSTS123456: ForbiddenByRbac')?.code).toBe('Forbidden');
  });
});

describe('the time that Entra ID takes to know a credential', () => {
  const at = { now: NOW, readyDeadlineMs: 60_000 };
  const written = (ms: number) => ({ credentialAt: new Date(NOW + ms).toISOString() });

  it('is READY_DEADLINE from when it was written, the end not included', () => {
    expect(toPropagation(written(-59_999), at)).toStrictEqual({ since: NOW - 59_999, until: NOW + 1 });
    expect(toPropagation(written(-60_000), at)).toBeUndefined();
    expect(toPropagation({}, at)).toBeUndefined();
  });
});

describe('explainReason', () => {
  const propagation = { since: NOW, until: NOW + 60_000 };
  const explain = keepTold(explainReason);

  it('takes a refused token for one that Entra ID will know soon, while its credential is new', () => {
    expect(explain(reason('AADSTS70021: x'), propagation).isPropagating).toBe(true);
    expect(explain(reason('AADSTS70021: x'), undefined).isPropagating).toBe(false);
  });

  it('blames a new credential for nothing that it cannot be the reason of', () => {
    expect(explain(reason('AADSTS700212: x'), propagation).isPropagating).toBe(false);
    expect(isOfNewCredential('AADSTS700211')).toBe(true);
  });

  it.each([
    ['AADSTS700016: x', 'credential'],
    ['AADSTS70021: x', 'credential'],
    ['AADSTS50166: x', 'mount'],
    ['ForbiddenByRbac', 'mount'],
  ])('calls it a fault of the credential only where the token was refused: %s', (cause, code) => {
    const { reason: explained } = explain(reason(cause), undefined);
    expect(explained).toMatchObject({ object: 'Pod/x/y', code });
    expect(explained.cause.endsWith(`: ${cause}`)).toBe(true);
  });

  it('leaves what it does not know as it is', () => {
    const unknown = reason('exit code 1');
    expect(explainReason(unknown, propagation)).toStrictEqual({ reason: unknown, isPropagating: false });
  });
});
