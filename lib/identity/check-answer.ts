import { ProvisionerError } from '../errors.ts';

/**
 * Throws where an answer claims success and is not ARM's: the page of a proxy on the way. The SDK takes it for a credential
 * that was written, or for an identity that holds none, and a credential that nobody knows of would stay for good.
 */
export function checkAnswer(answer: { status: number; bodyAsText?: string | null | undefined }): void {
  const { status, bodyAsText: text } = answer;
  if (status >= 300 || text === undefined || text === null || text === '') return;
  try {
    JSON.parse(text);
  } catch {
    const object = 'Azure Resource Manager';
    throw new ProvisionerError('unavailable', `${object}: the answer ${status} is not JSON`, { object });
  }
}
