import { ProvisionerError } from '../../errors.ts';
import type { Refusal } from '../refusal.ts';
import { type Session, confirmOwner, named } from './reconciliation.ts';

/** A look that was taken ahead is as good as one of now for so long. */
const AHEAD_MS = 250;

export interface OwnerLook {
  /** Asks now, for the wave to come. */
  ahead(): void;
  settled(): Promise<void>;
  /** The refusal where the namespace is not ours; asks where what was asked ahead is no answer, or too old. */
  take(): Promise<Refusal | undefined>;
}

/** Asked before each wave; while the last answers of the one before are due it costs no round trip of its own. */
export function createOwnerLook(session: Session): OwnerLook {
  const { clock } = session.peers;
  let early: { at: number; answer: Promise<Refusal | 'ours' | 'unknown'> } | undefined;
  return {
    ahead() {
      const answer = confirmOwner(session).then(
        (refusal) => refusal ?? (session.owned === undefined ? 'unknown' : 'ours'),
        () => 'unknown' as const,
      );
      early = { at: clock.now(), answer };
    },
    async settled() {
      await early?.answer;
    },
    async take() {
      const asked = early;
      early = undefined;
      const answer = asked && clock.now() - asked.at <= AHEAD_MS ? await asked.answer : 'unknown';
      if (answer === 'unknown') return stillOurs(session);
      return answer === 'ours' ? undefined : answer;
    },
  };
}

/** Guard 3, asked now; throws `gone` where the namespace went away. */
export async function stillOurs(session: Session): Promise<Refusal | undefined> {
  const foreign = await named(session, 'guards', () => confirmOwner(session));
  if (foreign !== undefined) return foreign;
  if (session.owned === undefined) {
    const { namespace } = session.record;
    throw new ProvisionerError('gone', `namespace ${namespace} went away while it was written to`, {
      object: `Namespace/${namespace}`,
    });
  }
  return undefined;
}
