import { describe, expect, it } from '@jest/globals';
import { playBranchEvents } from './play.ts';

describe('500 branch events with lost, doubled, late and swapped deliveries, manual calls and stops', () => {
  it('end, after one sweep, in what GitHub and people want', async () => {
    const { wrong, counts } = await playBranchEvents(14);

    expect(wrong).toEqual([]);
    expect(counts).toMatchObject({ events: 500 });
    expect(Math.min(...Object.values(counts))).toBeGreaterThan(15);
  });

  it('do not without the sweep: the comparison finds what lost deliveries leave', async () => {
    const { wrong } = await playBranchEvents(14, { sweeps: false });
    expect(wrong).not.toEqual([]);
  });
});
