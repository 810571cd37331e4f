import { expect, it } from '@jest/globals';
import { runBurst } from './burst.ts';

const MANY = { branches: 200, identities: 12, instances: 4, parallel: 24 };
/** 200 writes at 2 a second; an identity with 20 of them takes 80 s at 0.25 a second. */
const BOUND_S = 100;

it.each([1, 2, 3])(
  '200 branches over 12 identities come and go within 1.3 of the bound by Azure’s rates (seed %i)',
  async (seed) => {
    const { putSeconds, deleteSeconds, ...rest } = await runBurst({ ...MANY, seed });

    expect(rest).toEqual({ fullest: 20, held: 200, left: 0, overlaps: 0, failed: [] });
    expect(putSeconds / BOUND_S).toBeLessThan(1.3);
    expect(deleteSeconds / BOUND_S).toBeLessThan(1.3);
  },
  60_000,
);

it('an instance that is killed in the midst of it costs the length of a lock, and loses nothing', async () => {
  const { putSeconds, ...rest } = await runBurst({ ...MANY, seed: 1, killAfterMs: 20_000 });

  expect(rest).toMatchObject({ held: 200, left: 0, overlaps: 0, failed: [] });
  expect(putSeconds).toBeLessThan(1.3 * BOUND_S + 30);
});

it('one instance removes the 20 credentials of one identity at its rate, and starves none of them', async () => {
  const { deleteSeconds, ...rest } = await runBurst({
    branches: 20,
    identities: 1,
    instances: 1,
    parallel: 24,
    seed: 1,
  });

  expect(rest).toMatchObject({ held: 20, left: 0, overlaps: 0, failed: [] });
  expect(deleteSeconds / 80).toBeLessThan(1.3);
});
