import { expect, it } from '@jest/globals';
import { runDemo } from './demo.ts';

it.each([
  ['by the Ingress', [], /http:\/\/demo-login\./, 'Ingress'],
  ['by the Gateway, and private', ['--gateway', '--private'], /https:\/\/demo-login\./, 'HTTPRoute'],
])(
  'a branch becomes an environment, led in %s, and vanishes again, on the stand-ins, with every step of the demo held',
  async (_way, options, url, kind) => {
    const { code, said } = await runDemo({}, ...options);

    expect(said).toContain('✓ the environment is ready');
    expect(said).toMatch(url);
    expect(said).toContain(`1 ${kind}`);
    expect(said).toContain('✓ no namespace is left: none');
    expect(said).toMatch(/\d+ steps held, 0 failed/);
    expect(code).toBe(0);
  },
  120_000,
);
