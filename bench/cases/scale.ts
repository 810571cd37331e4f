import { setTimeout as pause } from 'node:timers/promises';
import { startKubelet } from '../../local/control-plane/kubelet.ts';
import type { Ports } from '../../lib/environment/ports/ports.ts';
import type { App } from '../app.ts';
import { type Floor, createFloor } from '../floor.ts';
import { type Comparison, median, timed } from '../measure.ts';
import type { Stage } from '../stage.ts';
import { provisionOnce } from './first.ts';

const MANY = 200;
const FILL_AT_A_TIME = 8;
/** Each round is a batch of these: one provision is short, and a median of few would be the machine's mood. */
const BATCH = 3;
/** What follows from a provision is done by then, and meets no other one. */
const APART_MS = 1_000;
const GONE_WITHIN_MS = 120_000;
const QUIET_WITHIN_MS = 300_000;
/** Renewals of the controllers' own leases are all that is left then. */
const QUIET_WRITES = 10;
const QUIET_FOR_MS = 3_000;
const KUBELET_EVERY_MS = 1_000;

interface On {
  stage: Stage;
  ports: Ports;
  floor: Floor;
}

/**
 * A first provision with 200 environments present, and with one: namespaces full of objects in the cluster, records on
 * Azurite, no pool. One cluster can not be both, so the rounds do not alternate; what is measured goes again. The bare
 * requests are measured beside it: what they take longer is the API server's share.
 */
export async function compareScale({ stage, app }: { stage: Stage; app: App }, rounds: number): Promise<Comparison> {
  const { records, requests } = await app.whole();
  const ports = { ...app.bare, records, requests };
  await provisionOnce(ports, 'present-0');
  const floor = await createFloor(stage, { slug: 'recorded', provision: () => provisionOnce(app.bare, 'recorded') });
  const on = { stage, ports, floor };
  await removeAll(on, ['recorded']);
  await measure(on, { rounds: 2, prefix: 'warm' });
  await settleDown(stage);
  const one = await measure(on, { rounds, prefix: 'beside-one' });
  await fill(ports);
  await settleDown(stage);
  const present = await countPresent(stage);
  const many = await measure(on, { rounds, prefix: 'beside-many' });
  await floor.close();
  return {
    name: `an environment with ${MANY} present`,
    against: 'with 1 present',
    goal: 1.2,
    ours: many.ours,
    theirs: one.ours,
    notes: { present, bareRequestsRatio: median(many.bare) / median(one.bare) },
  };
}

async function fill(ports: Ports): Promise<void> {
  const slugs = Array.from({ length: MANY - 1 }, (_, index) => `present-${index + 1}`).values();
  await Promise.all(
    Array.from({ length: FILL_AT_A_TIME }, async () => {
      for (const slug of slugs) await provisionOnce(ports, slug);
    }),
  );
}

async function measure(
  on: On,
  { rounds, prefix }: { rounds: number; prefix: string },
): Promise<{ ours: number[]; bare: number[] }> {
  const times = { ours: [] as number[], bare: [] as number[] };
  for (let round = 0; round < rounds; round += 1) {
    const made: string[] = [];
    for (let turn = 0; turn < BATCH; turn += 1) {
      const slug = `${prefix}-${round}-${turn}`;
      const send = on.floor.prepare(`${slug}-bare`);
      times.ours.push(await provisionOnce(on.ports, slug));
      await pause(APART_MS);
      times.bare.push(await timed(send));
      await pause(APART_MS);
      made.push(slug, `${slug}-bare`);
    }
    await removeAll(on, made);
  }
  return times;
}

/** Past the app: how it removes is not measured here. */
async function removeAll({ stage, ports }: On, slugs: string[]): Promise<void> {
  await Promise.all(
    slugs.map(async (slug) => {
      const path = `/api/v1/namespaces/feature-${slug}`;
      const stored = await ports.records.read(slug);
      if (stored !== undefined) await ports.records.remove(slug, stored.etag);
      const end = Date.now() + GONE_WITHIN_MS;
      await stage.admin.call({ method: 'DELETE', path });
      while ((await stage.admin.call({ method: 'GET', path })) !== undefined) {
        if (Date.now() > end) throw new Error(`${slug} does not go`);
        await pause(250);
      }
    }),
  );
}

/**
 * Until every pod runs, every claim has its volume and the controllers have nothing left to do: their backlog is no property
 * of the environments, and a claim that no driver ever binds is tried again for good.
 */
async function settleDown({ admin }: Stage): Promise<void> {
  const stopKubelet = startKubelet(admin, { everyMs: KUBELET_EVERY_MS });
  try {
    const version = async (): Promise<number> => {
      const list = await admin.call<{ metadata: { resourceVersion: string } }>({
        method: 'GET',
        path: '/api/v1/nodes',
      });
      return Number(list?.metadata.resourceVersion);
    };
    const end = Date.now() + QUIET_WITHIN_MS;
    for (let before = await version(); ;) {
      await pause(QUIET_FOR_MS);
      const now = await version();
      if (now - before <= QUIET_WRITES) return;
      if (Date.now() > end) throw new Error('the controllers do not come to rest');
      before = now;
    }
  } finally {
    await stopKubelet();
  }
}

async function countPresent({ admin }: Stage): Promise<number> {
  const path = '/api/v1/namespaces?labelSelector=feature-branch-provisioner/slug';
  const list = await admin.call<{ items: unknown[] }>({ method: 'GET', path });
  const present = list?.items.length ?? 0;
  if (present !== MANY) throw new Error(`${present} environments are present, and not ${MANY}`);
  return present;
}
