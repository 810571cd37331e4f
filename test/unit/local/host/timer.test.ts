import { describe, expect, it } from '@jest/globals';
import { startHost } from '../../../../local/host/start-host.ts';
import { builtApp } from './built-app.ts';

interface Tick {
  isPastDue: boolean;
  scheduleStatus: { last: string; next: string; lastUpdated: string };
}

describe('a timer', () => {
  it('fires at the moments of the schedule that its setting names, and knows the next', async () => {
    const app = await builtApp();
    const host = await startHost({ appDir: app.dir, settings: { TICK_SCHEDULE: '* * * * * *' } });

    let ticks: Tick[] = [];
    while (ticks.length < 2) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      ticks = (await (await fetch(`${host.url}/api/ticks`)).json()) as Tick[];
    }
    await host.stop();
    await app.remove();

    const [first, second] = ticks.map(({ scheduleStatus }) => scheduleStatus);
    expect(ticks[0]?.isPastDue).toBe(false);
    expect(second?.last).toBe(first?.lastUpdated);
    expect(Date.parse(first?.next ?? '') - Date.parse(first?.lastUpdated ?? '')).toBe(1000);
  });
});
