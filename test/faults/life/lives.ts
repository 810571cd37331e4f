import { hash } from 'node:crypto';
import { FAULT_KINDS, type FaultKind } from '../../support/fault-injection/kinds.ts';
import type { Plan } from '../../support/fault-injection/call-log.ts';
import { type LifePlace, type Lived, STAGES, type Stage, compareEnds, live } from './life.ts';
import type { LifeHostOptions } from './life-host.ts';
import { judgeWords } from './judge-words.ts';
import { createRandom } from '../../support/random.ts';

/** A life takes a second or two; one with time-outs a few more. */
const LONGEST_LIFE_MS = 150_000;

export interface FaultOptions extends LifePlace {
  /** A life without faults; lived first when left out. */
  ideal?: Lived;
  /** Counts go in here as they come. */
  report?: FaultReport;
  longestLifeMs?: number;
  /** What is drawn, and how a fault behaves where that is free, depend on this alone. */
  seed: number;
  /** So many of all faults, from the `skip`th on; all of them when left out. */
  share?: number;
  skip?: number;
  /** Which faults count at all; every one when left out. */
  only?: (fault: PlannedFault) => boolean;
  /** No new life begins after this, in ms since the epoch. */
  until?: number;
  /** Lives at a time. */
  parallel?: number;
  credentialOf?: LifeHostOptions['credentialOf'];
  /** Looks at each life that had a fault. */
  onLived?: (lived: Lived) => void;
}

export interface FaultReport {
  callsInALife: number;
  possible: number;
  tried: number;
  /** Of the tried, how many killed a host. */
  kills: number;
  /** How often each kind was tried. */
  kinds: Partial<Record<FaultKind, number>>;
  /** Planned, but the call did not come again in that life. */
  notMet: number;
  failures: string[];
}

export interface PlannedFault extends Plan {
  number: number;
  stage: Stage;
  remedy: 'redelivery' | 'sweep';
}

/** Fails calls of a life one at a time, each in its way, and holds every end against that of a life without faults. */
export async function tryFaults(options: FaultOptions): Promise<FaultReport> {
  const { seed, until = Infinity, parallel = 6, skip = 0, share = Infinity, report = newReport() } = options;
  const ideal = options.ideal ?? (await live(options, toLifeOptions(options)));
  checkIdeal(ideal);
  const faults = drawFaults(ideal, seed).filter(options.only ?? (() => true));
  const drawn = faults.slice(skip, skip + share);
  report.callsInALife = ideal.calls.length;
  report.possible = faults.length;
  const work = async (): Promise<void> => {
    for (let fault = drawn.shift(); fault !== undefined && Date.now() < until; fault = drawn.shift()) {
      await tryOne(options, { fault, ideal, report });
    }
  };
  await Promise.all(Array.from({ length: parallel }, work));
  return report;
}

/** What is compared with nothing is never found different: a life without faults must show a whole environment. */
function checkIdeal({ ends }: Lived): void {
  const phases = [...ends].map(
    ([stage, { record }]) => `${stage}: ${(record as { phase?: string } | undefined)?.phase}`,
  );
  const expected = ['create: ready', 'provision: ready', 'delete: gone', 'create again: ready'];
  const { objects = {}, credentials = [] } = ends.get('create') ?? {};
  if (phases.join() !== expected.join() || Object.keys(objects).length < 3 || credentials.length === 0)
    throw new Error(`a life without faults did not show its environment: ${phases.join(', ')}`);
}

export function newReport(): FaultReport {
  return { callsInALife: 0, possible: 0, tried: 0, kills: 0, kinds: {}, notMet: 0, failures: [] };
}

function toLifeOptions({ credentialOf }: FaultOptions): Pick<FaultOptions, 'credentialOf'> {
  return credentialOf === undefined ? {} : { credentialOf };
}

async function tryOne(
  options: FaultOptions,
  { fault, ideal, report }: { fault: PlannedFault; ideal: Lived; report: FaultReport },
): Promise<void> {
  const words = describeFault(fault);
  try {
    const lived = await within(
      live(options, { ...toLifeOptions(options), plan: fault, remedy: fault.remedy, until: fault.stage }),
      options.longestLifeMs ?? LONGEST_LIFE_MS,
    );
    options.onLived?.(lived);
    report.tried += 1;
    report.kinds[fault.kind] = (report.kinds[fault.kind] ?? 0) + 1;
    if (lived.struck === 0) report.notMet += 1;
    report.kills += lived.kills;
    const wrong = [...lived.ends.keys()].flatMap((stage) => {
      const difference = compareEnds(ideal.ends.get(stage), lived.ends.get(stage));
      return difference === undefined ? [] : [`after ${stage}: ${difference}`];
    });
    wrong.push(...judgeWords(lived));
    if (wrong.length > 0) report.failures.push(`${words}: ${wrong.join('; ')}`);
  } catch (error) {
    report.failures.push(`${words}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

async function within<T>(work: Promise<T>, ms: number): Promise<T> {
  const over = AbortSignal.timeout(ms);
  const late = Promise.withResolvers<never>();
  over.addEventListener('abort', () => late.reject(new Error(`it did not end in ${ms} ms`)));
  return Promise.race([work, late.promise]);
}

/**
 * Every call of a faultless life in every way to fail, in an order of the seed's. Each is drawn by its own name: how many
 * calls a life makes, and in which order, depends on how busy the machine is, and must not decide what is tried.
 */
export function drawFaults(ideal: Pick<Lived, 'calls'>, seed: number): PlannedFault[] {
  const faults = ideal.calls.flatMap(({ number, key, earlier, stage }) =>
    FAULT_KINDS.flatMap((kind) => {
      if (!isStage(stage)) return [];
      const random = createRandom(toSeed(`${seed} ${key} ${earlier} ${kind}`));
      const remedy = random() < 0.5 ? ('redelivery' as const) : ('sweep' as const);
      const stubborn = mayLast(kind) && random() < 0.5;
      return [{ fault: { number, key, earlier, stage, kind, stubborn, remedy }, at: random() }];
    }),
  );
  return faults.sort((one, other) => one.at - other.at).map(({ fault }) => fault);
}

function toSeed(name: string): number {
  return Number.parseInt(hash('sha256', name).slice(0, 8), 16);
}

function isStage(stage: string): stage is Stage {
  return (STAGES as readonly string[]).includes(stage);
}

/** A fault that passes is met by the next try of the same call; one that lasts reaches the record and the queue. */
function mayLast(kind: FaultKind): boolean {
  return !kind.startsWith('kill');
}

export function describeFault({ number, key, earlier, kind, stubborn, remedy }: PlannedFault): string {
  return `call ${number} (${key}, ${earlier} before it) ${kind}${stubborn ? ', lasting' : ''}, then ${remedy}`;
}
