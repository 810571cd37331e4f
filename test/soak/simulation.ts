import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { SoakPart } from './part.ts';

const ALL = 1_000_000;

/** A million histories from the seed on, in slices of one process for each core; what the time does not allow is said. */
export const soakSimulation: SoakPart = {
  name: 'simulation',
  weight: 1,
  async run({ seed, ms }) {
    const workers = availableParallelism();
    const slice = Math.ceil(ALL / workers);
    const first = (seed * ALL) % 2 ** 31;
    const played = await Promise.all(
      Array.from({ length: workers }, (_, index) =>
        playSlice({ seed: first + index * slice, histories: slice, seconds: ms / 1000 }),
      ),
    );
    const histories = played.reduce((sum, one) => sum + one.histories, 0);
    const perSecond = played.reduce((sum, one) => sum + one.histories / Math.max(one.seconds, 0.001), 0);
    const failed = played.flatMap((one) => one.failed);
    const share = ((100 * histories) / (slice * workers)).toFixed(1);
    const line =
      `${histories} of ${slice * workers} histories (${share} %) from seed ${first} on, in ${workers} slices, ` +
      `${perSecond.toFixed(0)} histories/s, ${failed.length} failed${failed.length > 0 ? `: seeds ${failed.join(', ')}` : ''}`;
    return { ok: failed.length === 0 && played.every(({ ended }) => ended), line };
  },
};

interface Figures {
  histories: number;
  failed: number[];
  seconds: number;
  /** Whether the process came to its end. */
  ended: boolean;
}

function playSlice(options: { seed: number; histories: number; seconds: number }): Promise<Figures> {
  const script = join(import.meta.dirname, '..', 'simulation', 'main.ts');
  const flags = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const child = spawn(process.execPath, ['--no-warnings', script, ...flags, '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: string[] = [];
  child.stdout.setEncoding('utf8').on('data', (text: string) => lines.push(text));
  return new Promise((resolve) => {
    child.on('close', () => {
      const said = lines.join('').trimEnd().split('\n');
      const last = said.pop() ?? '';
      if (said.length > 0) console.log(said.join('\n'));
      try {
        resolve({ ...(JSON.parse(last) as Omit<Figures, 'ended'>), ended: true });
      } catch {
        console.log(last);
        resolve({ histories: 0, failed: [], seconds: 0, ended: false });
      }
    });
  });
}
