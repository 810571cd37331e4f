import { toSlug } from '../../../lib/environment/model/names.ts';
import type { EnvironmentRequest } from '../../../lib/environment/model/request.ts';
import { receiveManual } from '../../../lib/intake/manual.ts';
import { decideOnDelivery } from '../../../lib/intake/webhook/webhook.ts';
import { sweep } from '../../../lib/sweep/sweep.ts';
import { type Delivery, makeDelivery } from '../../../local/github/deliveries.ts';
import { type Dice, diceOf } from '../../simulation/random.ts';
import { EXISTS, GONE, REPOSITORY, type World, createWorld } from '../../support/fakes/world.ts';
import { createTruth } from './truth.ts';

const EVENTS = 500;
const SECRET = 'a secret of more than 16 bytes';
const LAGS_MS = [0, 0, 20_000, 60_000] as const;
const REFS = Array.from({ length: 30 }, (_, n) => ['ex-', 'Feature/', 'fix/über-'][n % 3] + String(n));

interface Sent {
  ref: string;
  event: 'create' | 'delete' | 'push';
  pushedAt: number;
  delivery: Delivery;
}

interface Game {
  world: World;
  dice: Dice;
  truth: ReturnType<typeof createTruth>;
  /** What GitHub's reads showed since when: they lag. */
  past: { at: number; refs: Set<string> }[];
  /** On their way: they arrive after so many more events. */
  late: { sent: Sent; after: number }[];
  arrived: Set<Delivery>;
  counts: Record<string, number>;
}

export interface Played {
  /** What is not as it should be. */
  wrong: string[];
  counts: Record<string, number>;
}

/** 500 branch events, of which deliveries are lost, doubled, late or swapped, with manual calls and stops; then one sweep. */
export async function playBranchEvents(seed: number, { sweeps = true } = {}): Promise<Played> {
  const dice = diceOf(seed);
  const sweepCreates = dice.chance(0.5);
  const world = createWorld({
    github: true,
    settings: { trustDeliveries: false, sweepCreates, sweepMaxDeletions: 1_000 },
  });
  world.access.limit = 1_000;
  const game: Game = {
    world,
    dice,
    truth: createTruth(),
    past: [{ at: 0, refs: new Set() }],
    late: [],
    arrived: new Set(),
    counts: { events: 0, lost: 0, doubled: 0, late: 0, manual: 0, stops: 0 },
  };
  showGitHub(game);
  for (let event = 0; event < EVENTS; event += 1) {
    world.clock.advance(dice.whole(1_000, 20_000));
    await happen(game);
    for (const one of game.late) one.after -= 1;
    const due = game.late.filter(({ after }) => after <= 0);
    game.late = game.late.filter(({ after }) => after > 0);
    for (const { sent } of due) await arrive(game, sent);
    if (dice.chance(0.7)) await world.settle(0);
  }
  for (const { sent } of game.late) await arrive(game, sent);
  await world.settle(600_000);
  world.clock.advance(600_000);
  if (sweeps) await sweep(world.ports);
  await world.settle(3_600_000);
  return { wrong: compare(game, sweepCreates), counts: game.counts };
}

async function happen(game: Game): Promise<void> {
  const { dice, truth, counts } = game;
  const ref = dice.pick(REFS as [string, ...string[]]);
  counts['events'] = (counts['events'] ?? 0) + 1;
  if (dice.chance(0.08)) return call(game, 'provision', ref);
  if (dice.chance(0.06)) return call(game, 'deprovision', ref);
  const event = truth.exists(ref) ? dice.pick<Sent['event']>(['push', 'push', 'delete']) : 'create';
  truth.setExists(ref, event !== 'delete');
  game.past.push({ at: game.world.clock.now(), refs: new Set(truth.refs()) });
  const pushedAt = Math.floor(game.world.clock.now() / 1_000) * 1_000;
  const repository = { ...REPOSITORY, defaultBranch: 'main' };
  const sent = {
    ref,
    event,
    pushedAt,
    delivery: makeDelivery({ event, secret: SECRET, ref, repository, pushedAt }),
  } as const;
  if (dice.chance(0.15)) {
    counts['lost'] = (counts['lost'] ?? 0) + 1;
    return;
  }
  if (dice.chance(0.25)) {
    counts['late'] = (counts['late'] ?? 0) + 1;
    game.late.push({ sent, after: dice.whole(1, 40) });
  } else await arrive(game, sent);
  if (dice.chance(0.15)) {
    counts['doubled'] = (counts['doubled'] ?? 0) + 1;
    game.late.push({ sent, after: dice.whole(0, 60) });
  }
}

async function arrive({ world, truth, arrived }: Game, { ref, event, pushedAt, delivery }: Sent): Promise<void> {
  // no two requests are received at the same moment: the order of receipt is told by it
  world.clock.advance(1);
  const headers = new Map(Object.entries(delivery.headers).map(([name, value]) => [name.toLowerCase(), value]));
  const decided = decideOnDelivery(
    {
      secrets: () => [SECRET],
      settings: () => ({ ...world.settings, repositories: [...world.settings.repositories] }) as never,
      clock: world.clock,
      newId: world.ports.newId,
      log: world.ports.log,
    },
    { header: (name) => headers.get(name), bytes: delivery.body, requestId: 'r' },
  );
  if ('status' in decided) throw new Error(`${event} of ${ref} was not taken: ${JSON.stringify(decided.body)}`);
  await take(world, decided);
  if (arrived.has(delivery)) return;
  arrived.add(delivery);
  truth.deliver(ref, { event, pushedAt });
}

async function call({ world, truth, counts }: Game, reason: 'provision' | 'deprovision', ref: string): Promise<void> {
  world.clock.advance(1);
  const name = reason === 'provision' ? 'manual' : 'stops';
  counts[name] = (counts[name] ?? 0) + 1;
  const sent: EnvironmentRequest[] = [];
  const answer = await receiveManual(
    {
      settings: () => ({ ...world.settings, repositories: [...world.settings.repositories] }) as never,
      ports: async () => world.ports,
      requests: async () => ({ send: async (request) => void sent.push(request) }),
      records: async () => world.records,
      cluster: async () => world.cluster,
      believes: () => true,
      clock: { ...world.clock, sleep: () => new Promise(() => undefined) },
      newId: world.ports.newId,
      log: world.ports.log,
    },
    { reason, bytes: Buffer.from(JSON.stringify({ branch: ref })), statusUrl: '/', requestId: 'r' },
  );
  if (answer.status !== 202) throw new Error(`${reason} of ${ref} was not taken: ${JSON.stringify(answer.body)}`);
  for (const request of sent) await take(world, request);
  if (reason === 'provision') truth.provision(ref);
  else truth.stop(ref);
}

/** The queue hands a message over at once; what has to wait comes back by it. */
async function take(world: World, request: EnvironmentRequest): Promise<void> {
  await world.handle(request);
}

function showGitHub({ world, dice, past, truth }: Game): void {
  const seen = (): Set<string> => {
    const asOf = world.clock.now() - dice.pick(LAGS_MS);
    return past.findLast(({ at }) => at <= asOf)?.refs ?? new Set();
  };
  world.ports.branches = {
    read: async (_repository, ref) => (seen().has(ref) ? EXISTS : GONE),
    list: async () => ({
      kind: 'list',
      repository: REPOSITORY,
      defaultBranch: 'main',
      names: new Set(['main', ...truth.refs()]),
    }),
  };
}

function compare({ world, truth }: Game, sweepCreates: boolean): string[] {
  const wrong: string[] = [];
  const namespaces = new Set(world.cluster.namespaces.keys());
  const subjects = new Set(world.access.credentials.values());
  for (const ref of REFS) {
    const slug = toSlug({ repository: REPOSITORY.fullName, ref });
    const record = world.record(ref);
    const runs = truth.shouldRun(ref, { sweepCreates });
    const is = {
      record: record?.phase === 'ready',
      namespace: namespaces.delete(`feature-${slug}`),
      credential: subjects.delete(`system:serviceaccount:feature-${slug}:postgres-service-account`),
    };
    for (const [what, there] of Object.entries(is))
      if (there !== runs)
        wrong.push(`${ref} should ${runs ? '' : 'not '}run: its ${what} says otherwise (${record?.phase})`);
    if (!runs && record !== undefined && record.phase !== 'gone' && record.phase !== 'refused')
      wrong.push(`${ref} should not run, and its record is ${record.phase}`);
  }
  return [...wrong, ...[...namespaces, ...subjects].map((name) => `${name} belongs to nobody`)];
}
