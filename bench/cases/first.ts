import { setTimeout as pause } from 'node:timers/promises';
import type { Ports } from '../../lib/environment/ports/ports.ts';
import { reconcile } from '../../lib/environment/reconcile.ts';
import { type App, requestFor } from '../app.ts';
import { createFloor } from '../floor.ts';
import type { Kubectl } from '../kubectl.ts';
import { type Comparison, alternate, timed } from '../measure.ts';
import type { Stage } from '../stage.ts';

const WARM_ROUNDS = 10;
/** What the controllers make of one environment is done by then, and slows no other one. */
const APART_MS = 600;

/** From a request in hand to the last answer of an apply; readiness is looked at after that. */
export async function provisionOnce(ports: Ports, slug: string): Promise<number> {
  const started = performance.now();
  let ended = started;
  const cluster = {
    ...ports.cluster,
    async apply(...parameters: Parameters<Ports['cluster']['apply']>) {
      const applied = await ports.cluster.apply(...parameters);
      ended = performance.now();
      if (applied.error) throw applied.error;
      return applied;
    },
  };
  const handled = await reconcile({ ...ports, cluster }, requestFor(slug, 'create'));
  if (handled === 'refused' || ended === started) throw new Error(`${slug} was not applied: ${handled}`);
  return ended - started;
}

/** First provisions: against kubectl, and against the bare requests. Every one is of a namespace of its own. */
export async function compareFirst(
  { stage, app, kubectl }: { stage: Stage; app: App; kubectl: Kubectl },
  rounds: number,
): Promise<Comparison[]> {
  // connections, code and the API server's own caches are warm for all
  await provisionOnce(app.bare, 'first-warm-ours');
  await kubectl.apply('first-warm-kubectl');
  const slug = 'first-recorded';
  const floor = await createFloor(stage, { slug, provision: () => provisionOnce(app.bare, slug) });
  await floor.prepare('first-warm-raw')();
  const pipeline = await alternate(rounds, {
    ours: (round) => provisionOnce(app.bare, `first-a-ours-${round}`),
    theirs: (round) => timed(() => kubectl.apply(`first-a-kubectl-${round}`)),
  });
  const againstFloor = (name: string) => ({
    ours: (round: number) => apart(() => provisionOnce(app.bare, `first-${name}-ours-${round}`)),
    theirs: (round: number) => {
      const send = floor.prepare(`first-${name}-raw-${round}`);
      return apart(() => timed(send));
    },
  });
  // the app's code is compiled as it runs, and the floor has next to none
  await alternate(WARM_ROUNDS, againstFloor('w'));
  // a round of these is short, and a median of few would be the machine's mood
  const bare = await alternate(rounds * 3, againstFloor('b'));
  await floor.close();
  const stored = await app.bare.records.read(slug);
  return [
    {
      name: 'first provision',
      against: 'kubectl kustomize | sed | kubectl apply',
      goal: 0.3,
      ...pipeline,
      notes: { objects: stored?.record.inventory.length },
    },
    { name: 'first provision, the floor', against: 'the same requests by undici', goal: 1.15, ...bare },
  ];
}

async function apart(work: () => Promise<number>): Promise<number> {
  await pause(APART_MS);
  return work();
}
