import { describe, expect, it } from '@jest/globals';
import { startHost } from '../../../local/host/start-host.ts';
import { builtApp } from './built-app.ts';

interface Tick {
  isPastDue: boolean;
  scheduleStatus: { last: string; next: string };
}

describe('a timer', () => {
  it('fires at the moments of the schedule that its setting names, and knows the next', async () => {
    const app = await builtApp();
    const host = await startHost({ appDir: app.dir, settings: { TICK_SCHEDULE: '* * * * * *' } });

    await new Promise((resolve) => setTimeout(resolve, 2500));
    const ticks = (await (await fetch(`${host.url}/api/ticks`)).json()) as Tick[];
    await host.stop();
    await app.remove();

    expect([2, 3]).toContain(ticks.length);
    expect(ticks[0]?.isPastDue).toBe(false);
    expect(ticks[1]?.scheduleStatus.last).toBe(
      new Date(Date.parse(ticks[1]?.scheduleStatus.next ?? '') - 2000).toISOString(),
    );
  });
});
