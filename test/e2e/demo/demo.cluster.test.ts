import { expect, it } from '@jest/globals';
import { WITHOUT_CONTROL_PLANE } from '../../support/control-plane.ts';
import { runDemo } from './demo.ts';

const onControlPlane = WITHOUT_CONTROL_PLANE === undefined ? it : it.skip;

onControlPlane.each([
  ['by the Ingress', []],
  ['by the Gateway, and private', ['--gateway', '--private']],
])(
  'a branch becomes an environment, led in %s, and vanishes again, on a real control plane under its two principals',
  async (_way, options) => {
    const { code, said } = await runDemo({ KUBEBUILDER_ASSETS: process.env['KUBEBUILDER_ASSETS'] ?? '' }, ...options);

    expect(said).toContain('real control plane at');
    expect(said).toContain('✓ the environment is ready');
    expect(said).toContain('✓ no namespace is left: none');
    expect(said).toMatch(/\d+ steps held, 0 failed/);
    expect(code).toBe(0);
  },
  180_000,
);
