import { isDeepStrictEqual } from 'node:util';
import { receiveManual } from '../../../lib/intake/manual.ts';
import { receiveWebhook } from '../../../lib/intake/webhook/webhook.ts';
import { sweep } from '../../../lib/sweep/sweep.ts';
import { type Call, type Plan, createCallLine } from '../../support/fault-injection/call-log.ts';
import { type Delivery, makeDelivery } from '../../../local/github/deliveries.ts';
import { type EndState, readEndState } from './end-state.ts';
import type { LifeCluster } from './life-cluster.ts';
import type { LifeHost, LifeHostOptions } from './life-host.ts';
import { type LifeWorld, REPOSITORY, WEBHOOK_SECRET, createLifeWorld } from './life-world.ts';
import { readStored } from '../read-stored.ts';
import { type Pace, QUICK, type Runtime, startRuntime } from '../runtime.ts';
import type { StorageAccounts } from './storage-accounts.ts';

export const STAGES = ['create', 'provision', 'delete', 'create again'] as const;
export type Stage = (typeof STAGES)[number];

export interface Lived {
  calls: Call[];
  /** How it was after each stage. */
  ends: Map<Stage, EndState>;
  struck: number;
  kills: number;
  log: string[];
  thrown: unknown[];
  /** Bodies of every answer over HTTP. */
  answers: string[];
  /** Every blob with its metadata after each stage, and every message of both queues. */
  stored: string[];
}

interface LifeOptions {
  plan?: Plan;
  /** What fixes the stage in which the fault struck, where it does not fix itself. */
  remedy?: 'redelivery' | 'sweep';
  /** Stops after this stage. */
  until?: Stage;
  /** Looks at the world before it is closed. */
  onEnd?: (world: LifeWorld) => Promise<void>;
  credentialOf?: LifeHostOptions['credentialOf'];
}

type Answered = { status: number; body: unknown };
type Ask = (host: LifeHost) => Promise<Answered>;

/** Where a life is lived: on stand-ins of its own, or on a part of what others live on too. */
export interface LifePlace {
  accounts: StorageAccounts;
  pace?: Pace;
  /** A cluster and a branch on it that no other life has. */
  settle?: () => { cluster: LifeCluster; branch: string };
}

/** One life of a branch: made, given an image, deleted and made again, with at most one fault in it. */
export async function live(place: LifePlace, options: LifeOptions = {}): Promise<Lived> {
  const { plan, credentialOf } = options;
  const { accounts, pace = QUICK } = place;
  const line = createCallLine(plan);
  const world = await createLifeWorld({ accounts, line, ...place.settle?.() });
  const timeoutMs = plan?.kind === 'time-out' ? pace.shortTimeoutMs : pace.timeoutMs;
  const runtime = await startRuntime(world, { timeoutMs, pace, ...(credentialOf !== undefined && { credentialOf }) });
  const ends = new Map<Stage, EndState>();
  const answers: string[] = [];
  const stored: string[] = [];
  try {
    for (const stage of STAGES) {
      line.setStage(stage);
      const before = line.struck();
      const ask = begin(world, stage);
      await askUntilTaken(runtime, { ask, answers });
      await runtime.drain();
      const isStruck = line.struck() > before;
      line.setStage(`after ${stage}`);
      if (isStruck) await fix(runtime, { ask, answers, remedy: options.remedy ?? 'redelivery' });
      ends.set(stage, await readEndState(world));
      stored.push(...(await readStored(world)));
      if (stage === options.until) break;
      world.clock.pass(60_000);
    }
    await options.onEnd?.(world);
    return {
      calls: line.calls,
      ends,
      struck: line.struck(),
      kills: runtime.kills(),
      log: world.log,
      thrown: runtime.thrown,
      answers,
      stored: [...stored, ...runtime.messages],
    };
  } finally {
    await runtime.close();
    await world.close();
  }
}

/** Somebody does something on GitHub, or asks for it by hand; what is returned can be done again. */
function begin(world: LifeWorld, stage: Stage): Ask {
  if (stage === 'provision') {
    const bytes = Buffer.from(JSON.stringify({ branch: world.branch, imageTag: 'v2' }));
    return ({ manual }) =>
      receiveManual(manual, {
        reason: 'provision',
        bytes,
        statusUrl: 'http://app/api/environments/',
        requestId: 'call',
      });
  }
  const branches = world.github.repositories[0]?.branches ?? [];
  if (stage === 'delete') branches.splice(branches.indexOf(world.branch), 1);
  else branches.push(world.branch);
  const event = stage === 'delete' ? 'delete' : 'create';
  const pushedAt = world.clock.now();
  return deliver(makeDelivery({ event, ref: world.branch, repository: REPOSITORY, secret: WEBHOOK_SECRET, pushedAt }));
}

function deliver({ headers, body }: Delivery): Ask {
  const byName = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  const received = { header: (name: string) => byName.get(name), bytes: body, requestId: 'call' };
  return ({ webhook }) => receiveWebhook(webhook, received);
}

interface Asking {
  ask: Ask;
  answers: string[];
}

/** An event that was answered with an error, or not at all, is sent again by whoever sent it: as GitHub's page offers. */
async function askUntilTaken(runtime: Runtime, { ask, answers }: Asking): Promise<void> {
  for (let tries = 0; tries < 3; tries += 1) {
    const answer = await runtime.run(ask);
    if (answer !== 'killed') answers.push(JSON.stringify(answer));
    if (answer !== 'killed' && answer.status === 202) return;
  }
  throw new Error(`the event was not taken: ${answers.at(-1) ?? 'killed'}; ${runtime.lastWords()}`);
}

async function fix(
  runtime: Runtime,
  { remedy, ...asking }: Asking & { remedy: 'redelivery' | 'sweep' },
): Promise<void> {
  if (remedy === 'redelivery') await askUntilTaken(runtime, asking);
  else await sweepUntilListed(runtime);
  await runtime.drain();
}

/** A sweep that could not list everything judges less, and the next one follows on time: here at once. */
async function sweepUntilListed(runtime: Runtime): Promise<void> {
  for (let sweeps = 0; sweeps < 3; sweeps += 1) {
    const swept = await runtime.run(async ({ ports }) => sweep(ports));
    if (swept !== 'killed' && swept.failed === 0 && swept.unlisted.length === 0) return;
  }
}

/** What is different after a stage, in words; undefined where nothing is. */
export function compareEnds(ideal: EndState | undefined, seen: EndState | undefined): string | undefined {
  if (ideal === undefined || seen === undefined) return 'the stage was not reached';
  const different = (Object.keys(ideal) as (keyof EndState)[]).filter(
    (key) => !isDeepStrictEqual(ideal[key], seen[key]),
  );
  if (different.length === 0) return undefined;
  return different.map((key) => `${key}: ${differenceOf(ideal[key], seen[key])}`).join('; ');
}

function differenceOf(ideal: unknown, seen: unknown): string {
  const isOpen = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
  if (!isOpen(ideal) || !isOpen(seen)) return `${JSON.stringify(seen)} and not ${JSON.stringify(ideal)}`;
  const keys = [...new Set([...Object.keys(ideal), ...Object.keys(seen)])];
  const different = keys.filter((key) => !isDeepStrictEqual(ideal[key], seen[key]));
  return different
    .map((key) => `${key} is ${JSON.stringify(seen[key])} and not ${JSON.stringify(ideal[key])}`)
    .join(', ');
}
