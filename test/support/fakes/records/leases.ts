export const LEASE_MS = 60_000;
const RENEW_MS = 15_000;

/** A record's lease, as the service and its holder know it; renewed as lib/storage/blob-lease.ts does, reckoned when asked for. */
export interface FakeRecordLease {
  id: string;
  /** By the service. */
  until: number;
  /** By its holder. */
  heldUntil: number;
  nextRenewal: number;
  /** Released, or its holder was killed: nobody renews it. */
  isLeft: boolean;
  /** Somebody else leased the blob, or wrote to it, after this one had ended. */
  isTaken: boolean;
}

export interface LeaseTime {
  now(): number;
  /** Whether the renewal of this moment got no answer. */
  isRenewalLost?(lease: FakeRecordLease, at: number): boolean;
}

/** Nobody renews it yet: its holder begins once it has the answer. */
export function startLease({ now }: LeaseTime, { id, askedAt }: { id: string; askedAt: number }): FakeRecordLease {
  return {
    id,
    until: now() + LEASE_MS,
    heldUntil: askedAt + LEASE_MS,
    nextRenewal: Infinity,
    isLeft: false,
    isTaken: false,
  };
}

export function beginRenewal({ now }: LeaseTime, lease: FakeRecordLease): void {
  lease.nextRenewal = now() + RENEW_MS;
}

/** Brings a lease up to now: every renewal that was due has happened. */
export function settleLease(time: LeaseTime, lease: FakeRecordLease): void {
  const now = time.now();
  while (!lease.isLeft && lease.nextRenewal <= now) {
    const asked = lease.nextRenewal;
    lease.nextRenewal = asked + RENEW_MS;
    if (time.isRenewalLost?.(lease, asked) === true) continue;
    if (lease.isTaken) {
      lease.heldUntil = 0;
      lease.isLeft = true;
      return;
    }
    lease.until = asked + LEASE_MS;
    lease.heldUntil = asked + LEASE_MS;
  }
}

export function isHeld(time: LeaseTime, lease: FakeRecordLease | undefined): boolean {
  if (lease === undefined) return false;
  settleLease(time, lease);
  return lease.until > time.now();
}

/** Ms that the holder believes in. */
export function remainingMs(time: LeaseTime, lease: FakeRecordLease): number {
  settleLease(time, lease);
  return lease.heldUntil - time.now();
}
