import type { Identity } from '../models/access.ts';
import { namespaceAt } from '../models/cluster.ts';
import { isOurs } from './invariants.ts';
import { violate } from '../stage.ts';
import type { World } from '../world.ts';

/** A foreign namespace may have taken the place within the time of trust. */
const TRUST_MS = 5_000;

export interface CredentialWrite {
  what: 'PUT' | 'DELETE';
  name: string;
  identity: Identity;
  /** The environment for which the lease is held. */
  slug: string;
  /** When the identity was last looked at: nobody can know of what came after that. */
  lookedAt: number;
  beganAt: number;
  /** What a PUT writes. */
  subject?: string;
}

/** Only the environment's own credentials are written or deleted, and none for a namespace that is not ours. */
export function checkCredential(world: World, write: CredentialWrite): void {
  const { stage } = world;
  const { what, name, identity, slug, lookedAt, subject } = write;
  const held = identity.credentials.get(name);
  const isOwn = (one: string): boolean => one.startsWith(`system:serviceaccount:feature-${slug}:`);
  const isNew = (identity.theirsSince.get(name) ?? -Infinity) >= lookedAt;
  const isOverwritten = subject !== undefined && held !== undefined && held !== subject;
  if ((subject !== undefined && !isOwn(subject)) || (held !== undefined && !isNew && (isOverwritten || !isOwn(held))))
    violate(stage, 'onlyOursIsWritten', `${what} ${name} met a credential that is not of ${slug}`);
  if (what === 'PUT') checkNamespace(world, write);
}

function checkNamespace(world: World, { name, slug, beganAt }: CredentialWrite): void {
  const { stage, cluster, store } = world;
  const found = namespaceAt(stage, cluster, `feature-${slug}`);
  const record = store.blobs.get(slug)?.record;
  if (found === undefined || isOurs(found, record) || beganAt - found.marksSince < TRUST_MS) return;
  violate(stage, 'noCredentialForForeigners', `PUT ${name} for a namespace that is not ours`);
}
