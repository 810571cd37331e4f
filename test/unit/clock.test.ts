import { describe, expect, it } from '@jest/globals';
import { clock } from '../../lib/clock.ts';

describe('the clock of the machine', () => {
  it('counts milliseconds since the epoch', () => {
    const before = Date.now();
    const now = clock.now();
    expect(now).toBeGreaterThanOrEqual(before);
    expect(now).toBeLessThanOrEqual(Date.now());
  });

  it('sleeps as long as it is told, and keeps no process from ending', async () => {
    const timers = () => process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;
    const [before, begun] = [timers(), performance.now()];
    const slept = clock.sleep(30);
    expect(timers()).toBe(before);
    await slept;
    expect(performance.now() - begun).toBeGreaterThan(28);
  });
});
