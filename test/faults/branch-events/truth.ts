/** A branch as GitHub and the people who asked for it know it, kept apart from everything that the app believes. */
interface Known {
  exists: boolean;
  /** Whether the app was ever asked for it: what nobody asked for is nobody's. */
  asked: boolean;
  stopped: boolean;
  /** `pushed_at` of the newest delivery that arrived. */
  newest: number;
}

/** What should be true in the end, by the rules of the design alone: GitHub's branches, and what people stopped. */
export function createTruth() {
  const branches = new Map<string, Known>();
  const at = (ref: string): Known => {
    const known = branches.get(ref) ?? { exists: false, asked: false, stopped: false, newest: 0 };
    branches.set(ref, known);
    return known;
  };
  const asksFor = (known: Known): void => {
    known.asked = true;
    known.stopped = false;
  };
  return {
    exists: (ref: string): boolean => at(ref).exists,
    setExists: (ref: string, exists: boolean): void => void (at(ref).exists = exists),
    /** A delivery arrives for the first time; one that was overtaken by a newer one says nothing. */
    deliver(ref: string, { event, pushedAt }: { event: 'create' | 'delete' | 'push'; pushedAt: number }): void {
      const known = at(ref);
      if (event === 'delete' && !known.asked) return;
      if (pushedAt < known.newest) return;
      known.newest = pushedAt;
      if (event !== 'delete') asksFor(known);
    },
    provision: (ref: string): void => asksFor(at(ref)),
    stop(ref: string): void {
      const known = at(ref);
      if (known.asked) known.stopped = true;
    },
    refs: (): string[] => [...branches].filter(([, { exists }]) => exists).map(([ref]) => ref),
    shouldRun(ref: string, { sweepCreates }: { sweepCreates: boolean }): boolean {
      const { exists, asked, stopped } = at(ref);
      return exists && !stopped && (asked || sweepCreates);
    },
  };
}
