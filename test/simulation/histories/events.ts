import { createHmac } from 'node:crypto';
import { toNamespace, toSlug } from '../../../lib/environment/model/names.ts';
import { receiveManual } from '../../../lib/intake/manual.ts';
import { receiveWebhook } from '../../../lib/intake/webhook/webhook.ts';
import { meddle } from '../models/foreigners.ts';
import { kill, pause } from '../models/hosts.ts';
import type { Branch, DeliveryPlan, Strike, WorldEvent } from './history.ts';
import { type World, startOn } from '../world.ts';

const SECRET = 'a secret that only this world knows';

/** One thing that happens in the world. */
export function happen(world: World, event: WorldEvent): void {
  const { stage, github, hosts } = world;
  stage.tell?.(`EVENT ${JSON.stringify(event)}`);
  switch (event.kind) {
    case 'create':
    case 'push':
    case 'delete':
      return onBranch(world, event);
    case 'provision':
    case 'deprovision':
      return byHand(world, event);
    case 'sweep':
      return startOn(world, 'sweep', (ports) => world.core.sweep(ports));
    case 'template':
      world.template.version += 1;
      return;
    case 'outage':
      stage.outageUntil = stage.now() + event.lastsMs;
      return;
    case 'rename': {
      const repository = github.repositories[event.repository];
      if (repository === undefined || repository.fullName === 'acme/renamed') return;
      repository.formerNames.push(repository.fullName);
      repository.fullName = 'acme/renamed';
      return;
    }
    case 'kill':
    case 'pause': {
      const host = hosts[event.host];
      if (host === undefined) return;
      if (event.kind === 'pause') pause(stage, host, event.lastsMs);
      else world.queue.giveBack(kill(stage, host, event.lastsMs));
      return;
    }
    default:
      return meddle(world, { kind: event.kind, identity: event.identity, slug: slugOf(world, event) });
  }
}

/** What happens to a host, and to what it works on, just as it makes a call. */
export function strike(world: World, strikes: readonly Strike[]): void {
  const { stage } = world;
  const at = new Map(strikes.map((one) => [one.call, one]));
  stage.onCall = (number, who, on) => {
    const found = at.get(number);
    if (found === undefined) return;
    const { kind, lastsMs, foreign } = found;
    const slug =
      [...world.store.blobs.keys()].find((name) => on.includes(name)) ?? [...world.store.blobs.keys()][0] ?? 'ex';
    // not from inside the caller's own code
    stage.scheduler.at(stage.now(), () => {
      if (kind === 'kill') world.queue.giveBack(kill(stage, who.host, lastsMs));
      if (kind === 'pause') pause(stage, who.host, lastsMs);
      if (foreign === undefined) return;
      stage.tell?.(`STRIKE ${foreign} ${slug}`);
      meddle(world, { kind: foreign, identity: number % world.arm.identities.length, slug });
    });
  };
}

export function slugOf(world: World, { repository, ref }: Branch): string {
  return toSlug({ repository: world.github.repositories[repository]?.fullName ?? '', ref });
}

export function namespaceOf(world: World, branch: Branch): string {
  return toNamespace(slugOf(world, branch));
}

function onBranch(
  world: World,
  event: { kind: 'create' | 'push' | 'delete'; deliveries: DeliveryPlan[] } & Branch,
): void {
  const { stage, github } = world;
  const { repository, ref, kind } = event;
  const exists = github.exists(repository, ref);
  // what GitHub would refuse did not happen
  if (kind === 'delete' ? !exists : kind === 'create' && exists) return;
  if (kind === 'delete') github.set(repository, ref, false);
  else if (!exists) github.set(repository, ref, true);
  const pushedAt = Math.floor(stage.now() / 1_000);
  const source = github.repositories[repository];
  if (source === undefined) return;
  for (const [index, { event: name, afterMs, againMs }] of event.deliveries.entries()) {
    // two branches may be pushed in one millisecond
    const delivery = `delivery-${stage.now() - stage.startMs}-${repository}-${ref}-${kind}-${index}`;
    const signed = sign(
      JSON.stringify(toPayload(name, { kind, ref, pushedAt, commit: stage.now() - stage.startMs, ...source })),
    );
    const deliver = (): void => receive(world, { name, delivery, ...signed });
    stage.scheduler.at(stage.now() + afterMs, deliver);
    if (againMs !== undefined) stage.scheduler.at(stage.now() + afterMs + againMs, deliver);
  }
}

function toPayload(
  name: DeliveryPlan['event'],
  what: {
    kind: 'create' | 'push' | 'delete';
    ref: string;
    pushedAt: number;
    commit: number;
    id: number;
    fullName: string;
  },
): Record<string, unknown> {
  const { kind, ref, pushedAt, commit, id, fullName } = what;
  const repository = { id, full_name: fullName, default_branch: 'main' };
  if (name === 'push') {
    const after = kind === 'delete' ? '0'.repeat(40) : (commit + 1).toString(16).padStart(40, 'a');
    return {
      ref: `refs/heads/${ref}`,
      deleted: kind === 'delete',
      after,
      repository: { ...repository, pushed_at: pushedAt },
    };
  }
  const at = new Date(pushedAt * 1_000).toISOString().replace('.000Z', 'Z');
  return {
    ref,
    ref_type: 'branch',
    ...(name === 'create' && { master_branch: 'main' }),
    repository: { ...repository, pushed_at: at },
  };
}

interface Signed {
  body: Buffer;
  signature: string;
}

const MOST_SIGNED = 20_000;
const signatures = new Map<string, Signed>();

/** Worlds begin at the same second, so that their deliveries are often the same, byte for byte. */
function sign(text: string): Signed {
  const known = signatures.get(text);
  if (known !== undefined) return known;
  if (signatures.size >= MOST_SIGNED) signatures.clear();
  const body = Buffer.from(text);
  const made = { body, signature: `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}` };
  signatures.set(text, made);
  return made;
}

function receive(world: World, sent: { name: string; delivery: string } & Signed): void {
  const { name, delivery, body, signature } = sent;
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    'x-github-event': name,
    'x-github-delivery': delivery,
    'x-hub-signature-256': signature,
  };
  world.undelivered.set(delivery, () => receive(world, sent));
  startOn(world, `webhook ${name}`, async (ports) => {
    const { status } = await receiveWebhook(
      { ...ports, ...intakeOf(world), secrets: () => [SECRET], requests: async () => ports.requests },
      { header: (wanted) => headers[wanted], bytes: body, requestId: delivery },
    );
    if (status < 300) world.undelivered.delete(delivery);
  });
}

function byHand(
  world: World,
  { kind, repository, ref, imageTag }: { kind: 'provision' | 'deprovision'; imageTag?: string } & Branch,
): void {
  const fullName = world.github.repositories[repository]?.fullName;
  const body = { branch: ref, repository: fullName, ...(imageTag !== undefined && { imageTag }) };
  startOn(world, `manual ${kind}`, (ports) =>
    receiveManual(
      {
        ...ports,
        ...intakeOf(world),
        ports: async () => ports,
        requests: async () => ports.requests,
        records: async () => ports.records,
        cluster: async () => ports.cluster,
        believes: () => true,
      },
      { reason: kind, bytes: Buffer.from(JSON.stringify(body)), statusUrl: '/', requestId: kind },
    ),
  );
}

function intakeOf({ settings }: World) {
  const { repositories, defaultBranches, protectedNamespaces, admits } = settings;
  const intake = {
    repositories: [...repositories],
    defaultBranches: [...defaultBranches],
    protectedNamespaces: [...protectedNamespaces],
    admits,
  };
  return { settings: () => intake };
}
