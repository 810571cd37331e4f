import type { Host } from './hosts.ts';
import { drawFor, type Stage } from '../stage.ts';

export const LEASE_MS = 60_000;
const RENEW_MS = 15_000;
/** So often a renewal gets no answer. */
const LOST_RENEWALS = 0.03;

/** A blob's lease, as the service and its holder know it; renewed as lib/storage/blob-lease.ts does, reckoned when asked for. */
export interface BlobLease {
  id: string;
  number: number;
  host: Host;
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

export function startLease(stage: Stage, holder: { host: Host; askedAt: number; number: number }): BlobLease {
  const { host, askedAt, number } = holder;
  return {
    id: `lease-${number}`,
    number,
    host,
    until: stage.now() + LEASE_MS,
    heldUntil: askedAt + LEASE_MS,
    // the holder begins to renew once it has the answer
    nextRenewal: Infinity,
    isLeft: false,
    isTaken: false,
  };
}

/** The answer has reached the holder. */
export function beginRenewal(stage: Stage, lease: BlobLease): void {
  lease.nextRenewal = stage.now() + RENEW_MS;
  lease.host.leases.add(lease);
}

/** Brings a lease up to now: every renewal that was due has happened. */
export function settleLease(stage: Stage, lease: BlobLease): void {
  const now = stage.now();
  while (!lease.isLeft && lease.nextRenewal <= now) {
    const asked = lease.nextRenewal;
    lease.nextRenewal = asked + RENEW_MS;
    if (!stage.isCalm && drawFor(stage, lease.number * 7919 + asked) < LOST_RENEWALS) continue;
    if (lease.isTaken) {
      lease.heldUntil = 0;
      lease.isLeft = true;
      return;
    }
    lease.until = asked + LEASE_MS;
    lease.heldUntil = asked + LEASE_MS;
  }
}

export function isHeld(stage: Stage, lease: BlobLease | undefined): boolean {
  if (lease === undefined) return false;
  settleLease(stage, lease);
  return lease.until > stage.now();
}

/** Ms that the holder believes in. */
export function remainingMs(stage: Stage, lease: BlobLease): number {
  settleLease(stage, lease);
  return lease.heldUntil - stage.now();
}

export function leave(lease: BlobLease): void {
  lease.isLeft = true;
  lease.heldUntil = 0;
  lease.host.leases.delete(lease);
}
