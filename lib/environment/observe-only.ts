import { countActions } from './change-set.ts';
import { note } from './model/record-event.ts';
import { planDeprovision, planProvision } from './plan.ts';
import { DONE, type Outcome, type Session, refuse, toIso } from './steps/reconciliation.ts';

/** MODE=observe: writes into the record what would be done, and nothing outside. */
export async function observeOnly(session: Session, state: 'present' | 'absent'): Promise<Outcome> {
  const { peers, record } = session;
  const plan = state === 'present' ? await planProvision(peers, record) : await planDeprovision(peers, record);
  if ('guard' in plan) return refuse(session, plan);
  const changes = countActions(plan.changes);
  note(record, { at: toIso(peers.clock.now()), what: `observed: ${state}`, changes });
  peers.log.info('observed', { environment: record.name, state, changes });
  return DONE;
}
