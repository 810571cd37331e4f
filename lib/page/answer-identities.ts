import type { Log } from '../environment/ports/ports.ts';
import { toLogFields, toProvisionerError } from '../errors.ts';
import { type Answer, failedInside } from '../intake/answer.ts';

/** The pool of managed identities with what is taken of each one's slots, from the ledgers alone. */
export async function answerIdentities(
  deps: { slots(): Promise<object[]>; log: Log },
  requestId: string,
): Promise<Answer> {
  try {
    return { status: 200, body: { identities: await deps.slots() } };
  } catch (thrown) {
    const error = toProvisionerError(thrown);
    deps.log.error('identities not read', { ...toLogFields(error), requestId });
    return failedInside(error, requestId);
  }
}
