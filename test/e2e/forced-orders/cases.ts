import { describe, expect, it } from '@jest/globals';
import { CLAIM } from '../../../lib/environment/model/labels.ts';
import {
  ALL,
  type Moment,
  type Plane,
  beginToEnd,
  end,
  play,
  replaceByCopy,
  replaceByForeign,
  vanish,
} from './play.ts';

/** In each wave, and in the look before each; with how many objects the waves have until then. */
export const MOMENTS: readonly (readonly [name: string, Moment, begun: number])[] = [
  ['the first object', { method: 'PATCH', below: '/configmaps/a', count: 1 }, 2],
  ['the look before the workloads', { method: 'GET', below: '', count: 2 }, 2],
  ['a workload', { method: 'PATCH', below: '/deployments/web', count: 1 }, 3],
  ['the look before the last wave', { method: 'GET', below: '', count: 3 }, 3],
  ['the last object', { method: 'PATCH', below: '/poddisruptionbudgets/web', count: 1 }, 4],
];

/** What becomes of an environment whose namespace is struck while a call is on its way to it. */
export function describeForcedOrders(plane: () => Plane, moments: typeof MOMENTS): void {
  describe.each(moments)('a namespace, with %s on its way', (name, moment, begun) => {
    it('that vanishes is followed by a whole new one', async () => {
      const { first, record, namespace, objects, credentials } = await play(plane(), { moment, strike: vanish });

      expect(first).toBe('gone');
      expect(objects).toEqual(ALL);
      expect(record?.applied).toBeDefined();
      expect(record?.uid).toBe(namespace?.metadata.uid);
      expect(record?.claim).toBe(namespace?.metadata.annotations?.[CLAIM]);
      expect(record?.inventory).toHaveLength(ALL.length);
      expect(credentials).toBe(1);
    });

    it('that begins to end gets nothing more, and is followed by a whole new one', async () => {
      const played = await play(plane(), { moment, strike: beginToEnd, then: end });

      expect(played.first).toMatch(/^(terminating|requeued)$/);
      expect(played.objects).toEqual(ALL);
      expect(played.record?.uid).toBe(played.namespace?.metadata.uid);
      expect(played.namespace?.metadata.deletionTimestamp).toBeUndefined();
    });

    it.each([
      ['somebody else’s', replaceByForeign],
      ['a copy of ours under another uid', replaceByCopy],
    ])('in whose place comes %s is refused, without a credential, and that one is left alone', async (_, strike) => {
      const { first, record, namespace, objects, credentials } = await play(plane(), { moment, strike });
      // policies admit the object that was on its way to a namespace with our labels, and no look follows it
      const isLate = name === 'the last object' && strike === replaceByCopy;

      expect(first).toBe(isLate ? 'requeued' : 'refused');
      expect(record).toMatchObject({ phase: 'refused', refused: { guard: 'owner' } });
      expect(credentials).toBe(0);
      expect(namespace?.metadata.deletionTimestamp).toBeUndefined();
      expect(record?.uid).not.toBe(namespace?.metadata.uid);
      // of the wave that was on its way the rest may land, of those after it nothing
      expect(objects.filter((object) => ALL.indexOf(object) >= begun)).toEqual([]);
    });
  });
}
