import type { Peers } from '../../lib/environment/peers.ts';
import type { App } from '../app.ts';
import type { Comparison } from '../measure.ts';
import type { Stage } from '../stage.ts';
import { provisionOnce } from './first.ts';

const MANY = 200;
const FILL_AT_A_TIME = 8;
const GONE_WITHIN_MS = 120_000;
const QUIET_WITHIN_MS = 300_000;
/** Renewals of the controllers' own leases are all that is left then. */
const QUIET_WRITES = 10;
const QUIET_FOR_MS = 3_000;

/**
 * A first provision with 200 environments present, and with one: namespaces full of objects in the cluster, records on
 * Azurite, no pool. One cluster can not be both, so the rounds do not alternate; what is measured goes again at once.
 */
export async function compareScale({ stage, app }: { stage: Stage; app: App }, rounds: number): Promise<Comparison> {
  const { records, requests } = app.whole();
  const peers = { ...app.bare, records, requests };
  await warmUp(stage, peers);
  await provisionOnce(peers, 'present-0');
  const theirs = await measure({ stage, peers }, { rounds, prefix: 'beside-one' });
  const slugs = Array.from({ length: MANY - 1 }, (_, index) => `present-${index + 1}`).values();
  await Promise.all(
    Array.from({ length: FILL_AT_A_TIME }, async () => {
      for (const slug of slugs) await provisionOnce(peers, slug);
    }),
  );
  const present = await countPresent(stage);
  await settleDown(stage);
  const ours = await measure({ stage, peers }, { rounds, prefix: 'beside-many' });
  return {
    name: `an environment with ${MANY} present`,
    against: 'with 1 present',
    goal: 1.2,
    ours,
    theirs,
    notes: { present },
  };
}

interface On {
  stage: Stage;
  peers: Peers;
}

async function warmUp(stage: Stage, peers: Peers): Promise<void> {
  await measure({ stage, peers }, { rounds: 5, prefix: 'warm' });
}

async function measure(
  { stage, peers }: On,
  { rounds, prefix }: { rounds: number; prefix: string },
): Promise<number[]> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const slug = `${prefix}-${round}`;
    times.push(await provisionOnce(peers, slug));
    await remove({ stage, peers }, slug);
  }
  return times;
}

/** Past the app: how it removes is not measured here. */
async function remove({ stage, peers }: On, slug: string): Promise<void> {
  const path = `/api/v1/namespaces/feature-${slug}`;
  const stored = await peers.records.read(slug);
  if (stored !== undefined) await peers.records.remove(slug, stored.etag);
  const end = Date.now() + GONE_WITHIN_MS;
  await stage.admin.call({ method: 'DELETE', path });
  while ((await stage.admin.call({ method: 'GET', path })) !== undefined) {
    if (Date.now() > end) throw new Error(`${slug} does not go`);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

/** Until the controllers have made all that follows from 200 environments: their backlog is no property of the 200. */
async function settleDown({ admin }: Stage): Promise<void> {
  const version = async (): Promise<number> => {
    const list = await admin.call<{ metadata: { resourceVersion: string } }>({ method: 'GET', path: '/api/v1/nodes' });
    return Number(list?.metadata.resourceVersion);
  };
  const end = Date.now() + QUIET_WITHIN_MS;
  for (let before = await version(); ;) {
    await new Promise((resolve) => setTimeout(resolve, QUIET_FOR_MS));
    const now = await version();
    if (now - before <= QUIET_WRITES || Date.now() > end) return;
    before = now;
  }
}

async function countPresent({ admin }: Stage): Promise<number> {
  const path = '/api/v1/namespaces?labelSelector=feature-branch-provisioner/slug';
  const list = await admin.call<{ items: unknown[] }>({ method: 'GET', path });
  const present = list?.items.length ?? 0;
  if (present !== MANY) throw new Error(`${present} environments are present, and not ${MANY}`);
  return present;
}
