import { createHash } from 'node:crypto';
import { parseLedger } from '../../../lib/identity/ledger/ledger.ts';
import type { ArmWatcher, FakeIdentity, Write } from '../../support/fakes/arm.ts';
import { CALL_TIMEOUT_MS } from '../models/call.ts';
import { namespaceAt } from '../../support/fakes/cluster-state.ts';
import type { Activity } from '../models/hosts.ts';
import { checkMode, checkWriter, isOurs } from './invariants.ts';
import { violate } from '.././stage.ts';
import type { World } from '.././world.ts';

/** The cluster's token issuer. */
export const ISSUER = 'https://issuer.example.test/';
/** A foreign namespace may have taken the place within the time of trust. */
const TRUST_MS = 5_000;

/** Whose write guard an instance asked last, and for which environment: what it writes next, it writes for that one. */
export interface Asked {
  last?: { who: Activity; slug: string };
}

/** Watches what one instance of the app sends to ARM. */
export function watchWrites(world: World, { holder, asked }: { holder: string; asked: Asked }): ArmWatcher {
  const { stage, store, ledgers } = world;
  /** When the instance last read a credential by its name: it cannot know of what came after that. */
  const readAt = new Map<string, number>();
  const key = (identity: FakeIdentity, name: string): string => `${identity.id} ${name.toLowerCase()}`;
  const slugs = new WeakMap<Write, string>();
  const seenAt = new WeakMap<Write, number>();

  return {
    read: (identity, name) => void readAt.set(key(identity, name), stage.now()),
    begin(write) {
      const { what, identity, name } = write;
      const place = identity.id.slice(-6);
      const { last } = asked;
      delete asked.last;
      if (last === undefined)
        return violate(stage, 'oneWriterPerEnvironment', `${holder} began ${what} ${name} and asked no write guard`);
      const { who, slug } = last;
      checkMode(stage, who, what);
      checkWriter(stage, who, { slug, blob: store.blobs.get(slug) });
      const lock = ledgers.blobs.get(`${hashOf(identity)}.lock`)?.lease;
      if (lock === undefined || lock.holder !== holder || lock.until - stage.now() < CALL_TIMEOUT_MS)
        violate(stage, 'oneWriterPerIdentity', `${who.name} began ${what} ${name} on ${place} without its lock`);
      if (write.isOverlapping)
        violate(stage, 'oneWriterPerIdentity', `${who.name} began ${what} ${name} on ${place} beside another write`);
      checkList(world, write);
      slugs.set(write, slug);
      // under the lock it is read once more, so that only what came after this is unknown
      const at = readAt.get(key(identity, name));
      const isOfNow = at !== undefined && at >= (lock?.acquiredAt ?? Infinity) && stage.now() - at <= READ_WITHIN_MS;
      if (isOfNow) seenAt.set(write, at);
    },
    act: (write) => checkCredential(world, write, { slug: slugs.get(write) ?? '', readAt: seenAt.get(write) }),
    full({ identity, name }) {
      if (!world.foreign.hasFilled)
        violate(stage, 'noIdentityOverItsLimit', `PUT ${name} found ${identity.id.slice(-6)} full`);
    },
  };
}

/** After a pause a name is read again, though the lock may have been renewed. */
const READ_WITHIN_MS = 20_000;
/** Lists are believed for a minute; waiting for the lock and for Azure's rate takes some seconds more. */
const LIST_WITHIN_MS = 90_000;

/** What others have put on an identity is known from its last list alone. */
function checkList({ stage, ledgers }: World, { what, identity, name }: Write): void {
  const text = ledgers.blobs.get(ledgerOf(identity))?.text;
  const { seen } = parseLedger(text);
  if (seen !== undefined && stage.now() - seen.at > LIST_WITHIN_MS)
    violate(stage, 'noWriteByAnOldList', `${what} ${name} goes by a list of ${stage.now() - seen.at} ms ago`);
}

/** What the ledger knew of, and Azure still holds, no later version of it forgets. */
export function watchLedgers({ stage, ledgers, arm }: World): void {
  const identities = new Map(arm.identities.map((identity) => [ledgerOf(identity), identity]));
  ledgers.onWrite = (blob, before, after) => {
    const identity = identities.get(blob);
    if (identity === undefined || before === undefined || !after.includes('"seen":')) return;
    for (const { name, issuer } of identity.held.values()) {
      if (issuer !== ISSUER) continue;
      const entry = `{"name":"${name}"`;
      if (before.includes(entry) && !after.includes(entry))
        violate(stage, 'ledgersKnowWhatWasWritten', `the ledger of ${identity.id.slice(-6)} lost ${name}`);
    }
  };
}

/** The ledger's blob; the names of an identity's blobs are spelt out here. */
export function ledgerOf(identity: FakeIdentity): string {
  return `${hashOf(identity)}.json`;
}

function hashOf({ id }: FakeIdentity): string {
  return createHash('sha256').update(id.toLowerCase()).digest('hex').slice(0, 16);
}

/** Only the environment's own credentials are written or deleted, and none for a namespace that is not ours. */
function checkCredential(
  world: World,
  write: Write,
  { slug, readAt }: { slug: string; readAt: number | undefined },
): void {
  const { stage } = world;
  const { what, name, identity, credential } = write;
  const held = identity.held.get(name.toLowerCase())?.subject;
  const isOwn = (one: string): boolean => one.startsWith(`system:serviceaccount:feature-${slug}:`);
  const isNew = readAt !== undefined && (world.theirsSince.get(identity)?.get(name.toLowerCase()) ?? -1) >= readAt;
  const isOverwritten = credential !== undefined && held !== undefined && held !== credential.subject;
  const isTheirs = held !== undefined && !isNew && (isOverwritten || !isOwn(held));
  if ((credential !== undefined && !isOwn(credential.subject)) || isTheirs)
    violate(stage, 'onlyOursIsWritten', `${what} ${name} met a credential that is not of ${slug}`);
  if (what === 'PUT') checkNamespace(world, write, slug);
}

function checkNamespace(world: World, { name, beganAt }: Write, slug: string): void {
  const { stage, cluster, store } = world;
  const found = namespaceAt(cluster, `feature-${slug}`);
  const record = store.blobs.get(slug)?.record;
  if (found === undefined || isOurs(found, record) || beganAt - found.marksSince < TRUST_MS) return;
  violate(stage, 'noCredentialForForeigners', `PUT ${name} for a namespace that is not ours`);
}
