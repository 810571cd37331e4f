import { ProvisionerError, codeOfStatus } from '../errors.ts';
import { type ArmAccess, armClientOptions, armCredential } from './arm-client.ts';

const TIMEOUT_MS = 10_000;

/** One GET of ARM for what no SDK of ours reads; the path bears its api-version. */
export async function armGet(arm: ArmAccess, path: string): Promise<unknown> {
  const { endpoint, credentialScopes } = armClientOptions(arm);
  const object = path.replace(/\?.*$/, '');
  const token = arm.loopback ? null : await armCredential(arm).getToken(credentialScopes);
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const headers = { accept: 'application/json', ...(token && { authorization: `Bearer ${token.token}` }) };
  const answer = await fetch(`${endpoint}${path}`, { headers, signal, redirect: 'error' }).catch((cause: unknown) => {
    throw new ProvisionerError('unavailable', 'Azure Resource Manager did not answer', { object, cause });
  });
  if (answer.ok) return answer.json();
  throw new ProvisionerError(codeOfStatus(answer.status), `Azure Resource Manager answered ${answer.status}`, {
    object,
  });
}

/** A public JSON document; throws where it can't be had. */
export async function readJson(url: string): Promise<unknown> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) }).catch((cause: unknown) => {
    throw new ProvisionerError('unavailable', `${url} did not answer`, { object: url, cause });
  });
  if (answer.ok) return answer.json();
  throw new ProvisionerError(codeOfStatus(answer.status), `${url} answered ${answer.status}`, { object: url });
}
