/** What is read of an identity's ledger. */
interface Taken {
  seen?: { at: number; credentials: readonly { name: string; subject: string }[] };
  reservations: readonly { slug: string; names: readonly string[] }[];
}

/** What is taken of one identity's slots, as the newest list and our own writes since say. */
export interface IdentitySlots {
  name: string;
  /** ARM id. */
  id: string;
  slots: number;
  /** By credentials of environments. */
  used: number;
  /** For credentials that are about to be written. */
  reserved: number;
  /** By credentials of others. */
  foreign: number;
  /** Slugs of the environments that have a credential or a reservation here. */
  environments: string[];
  /** When Azure was last asked; absent where it never was. */
  listedAt?: string;
}

const OURS = /^system:serviceaccount:feature-([a-z0-9][-a-z0-9]*):/;

/** Reads an identity's slots off its ledger: Azure admits one list in 4 s, which must not go to viewers. */
export function toIdentitySlots(id: string, ledger: Taken, slots: number): IdentitySlots {
  const held = ledger.seen?.credentials ?? [];
  const names = new Set(held.map(({ name }) => name.toLowerCase()));
  const slugs = held.map(({ subject }) => OURS.exec(subject)?.[1]);
  const reserved = ledger.reservations.flatMap((one) => one.names.filter((name) => !names.has(name.toLowerCase())));
  const environments = [...slugs.filter((slug) => slug !== undefined), ...ledger.reservations.map(({ slug }) => slug)];
  return {
    name: id.slice(id.lastIndexOf('/') + 1),
    id,
    slots,
    used: slugs.filter((slug) => slug !== undefined).length,
    reserved: reserved.length,
    foreign: slugs.filter((slug) => slug === undefined).length,
    environments: [...new Set(environments)].sort(),
    ...(ledger.seen !== undefined && { listedAt: new Date(ledger.seen.at).toISOString() }),
  };
}
