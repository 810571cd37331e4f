import type { Ports } from '../environment/ports/ports.ts';
import { isOutdated } from './findings.ts';

/** Says once, when the app starts, how many environments were made of other overlays, and what brings them today's. */
export async function announceRollout({
  records,
  overlays,
  settings,
  log,
}: Pick<Ports, 'records' | 'overlays' | 'settings' | 'log'>): Promise<void> {
  let outdated = 0;
  for await (const summary of records.list()) {
    if (summary.phase === 'ready' && isOutdated(summary, overlays.hash)) outdated += 1;
  }
  if (outdated === 0) return;
  const by =
    settings.rollout === 'on-event' ? 'each at its next push or provision (ROLLOUT)' : 'by the next sweep (ROLLOUT)';
  log.warn(
    `overlays changed since: ${outdated === 1 ? '1 environment' : `${outdated} environments`} will be rolled ${by}`,
  );
}
