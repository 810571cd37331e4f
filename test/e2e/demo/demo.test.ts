import { expect, it } from '@jest/globals';
import { runDemo } from './demo.ts';

it('a branch becomes an environment and vanishes again, on the stand-ins, with every step of the demo held', async () => {
  const { code, said } = await runDemo({});

  expect(said).toContain('✓ the environment is ready');
  expect(said).toContain('✓ no namespace is left: none');
  expect(said).toMatch(/\d+ steps held, 0 failed/);
  expect(code).toBe(0);
}, 120_000);
