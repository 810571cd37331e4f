import { toProvisionerError } from '../errors.ts';
import type { Peers } from './ports/ports.ts';
import type { EnvironmentRecord } from './model/record.ts';
import type { Refusal } from './refusal.ts';
import { renderEnvironment } from './steps/render.ts';
import type { KubeObject } from './kube-object.ts';

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
