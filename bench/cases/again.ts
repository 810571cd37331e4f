import { reconcile } from '../../lib/environment/reconcile.ts';
import { type App, requestFor } from '../app.ts';
import type { Kubectl } from '../kubectl.ts';
import { type Comparison, alternate, timed } from '../measure.ts';
import type { Stage } from '../stage.ts';
import { provisionUntilReady } from '../until-ready.ts';

const SLUG = 'again-ours';

/** What is there already: a redelivery, and a look for drift. Records are on Azurite, credentials on the stand-in. */
export async function compareAgain(
  { stage, app, kubectl }: { stage: Stage; app: App; kubectl: Kubectl },
  rounds: number,
): Promise<Comparison[]> {
  const whole = await app.whole();
  await provisionUntilReady(stage, { ports: whole, slug: SLUG });
  await kubectl.apply('again-kubectl');
  await kubectl.apply('again-kubectl');
  const redelivered = await alternate(rounds, {
    ours: () => timed(() => reconcile(whole, requestFor(SLUG, 'create'))),
    theirs: () => timed(() => kubectl.apply('again-kubectl')),
  });
  const drift = await alternate(rounds, {
    ours: () => timed(() => reconcile(whole, requestFor(SLUG, 'provision'))),
    theirs: () => timed(() => kubectl.diff('again-kubectl')),
  });
  const stored = await whole.records.read(SLUG);
  const last = stored?.record.history.at(-1)?.changes ?? {};
  if (last['unchanged'] === undefined || Object.keys(last).length > 1) {
    throw new Error(`something changed that should not have: ${JSON.stringify(last)}`);
  }
  return [
    { name: 'redelivery, nothing changed', against: 'the kubectl pipeline again', goal: 0.08, ...redelivered },
    { name: 'drift check, credentials included', against: 'kubectl diff', goal: 0.1, ...drift },
  ];
}
