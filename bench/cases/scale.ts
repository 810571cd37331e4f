import { type App } from '../app.ts';
import { provisionOnce } from './first.ts';
import type { Comparison } from '../measure.ts';
import type { Stage } from '../stage.ts';

/** First provisions beside few others. */
export async function measureFew(app: App, rounds: number): Promise<number[]> {
  return measure(app, { rounds, prefix: 'few' });
}

/** The same beside many: `present` says how many namespaces of ours there are by then. */
export async function compareScale(
  { stage, app, few }: { stage: Stage; app: App; few: number[] },
  rounds: number,
): Promise<Comparison> {
  const list = await stage.admin.call<{ items: unknown[] }>({
    method: 'GET',
    path: '/api/v1/namespaces?labelSelector=feature-branch-provisioner/slug',
  });
  const present = list?.items.length ?? 0;
  const ours = await measure(app, { rounds, prefix: 'full' });
  return {
    name: `an environment with ${present} present`,
    against: 'with few present',
    goal: 1.2,
    ours,
    theirs: few,
    notes: { present },
  };
}

async function measure(app: App, { rounds, prefix }: { rounds: number; prefix: string }): Promise<number[]> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) times.push(await provisionOnce(app.bare, `${prefix}-${round}`));
  return times;
}
