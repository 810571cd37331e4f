import { toProvisionerError } from '../errors.ts';
import type { KubeObject, Peers } from './peers.ts';
import type { EnvironmentRecord } from './record.ts';
import type { Refusal } from './refusal.ts';
import { renderEnvironment } from './rendered.ts';

/** The objects before an identity is chosen, or the gate's refusal. */
export function renderDraft({
  peers,
  record,
}: {
  peers: Pick<Peers, 'overlays' | 'settings'>;
  record: EnvironmentRecord;
}): { objects: KubeObject[] } | Refusal {
  const { overlays, settings } = peers;
  try {
    return { objects: renderEnvironment(overlays, { record, settings }) };
  } catch (thrown) {
    const error = toProvisionerError(thrown);
    if (error.code !== 'render') throw error;
    const { message, mend } = error;
    return { guard: 'render', reason: message.includes(mend) ? message : `${message}; ${mend}` };
  }
}
