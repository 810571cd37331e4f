import { describe, expect, it } from '@jest/globals';
import { brokenRule } from '../../../lib/overlays/content/rules.ts';
import { ADD_ON_CASES, BOUNDS, CONTENT_CASES } from '../../manifests/content-cases.ts';

const POD = { containers: [{ name: 'x', securityContext: { privileged: true } }], hostPID: true };
const PRIVILEGED = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'x' }, spec: POD };

describe('the rules on content', () => {
  it.each([...CONTENT_CASES, ...ADD_ON_CASES])('judge %s as the admission policies do', (_what, object, rule) => {
    expect(brokenRule(object, BOUNDS) ?? '').toBe(rule);
  });

  it('leave pods to the administrator who admits privileged ones', () => {
    expect(brokenRule(PRIVILEGED, { ...BOUNDS, podSecurity: 'privileged' })).toBeUndefined();
  });

  it('compare no hosts where none are stated', () => {
    const bounds = { ...BOUNDS, hosts: undefined };
    const [, object] = CONTENT_CASES.find(([what]) => what === 'an Ingress of other.127.0.0.1.nip.io') ?? [];

    expect(object && brokenRule(object, bounds)).toBeUndefined();
  });

  it('take a pattern’s dots literally', () => {
    const [, object] = CONTENT_CASES.find(([what]) => what === 'an Ingress of ours.127.0.0.1.nip.io') ?? [];

    expect(object && brokenRule(object, { ...BOUNDS, domain: '127a0.0.1.nip.io' })).toMatch(/takes a host/);
  });
});
