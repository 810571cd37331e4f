import { describe, expect, it } from '@jest/globals';
import type { Check } from '../../../../lib/preflight/check.ts';
import { toBrief } from '../../../../local/preflight/brief.ts';

const check = (name: string, more: Partial<Check> = {}): Check => ({
  ...{ name, state: 'ok', found: 'found', expected: 'expected' },
  ...more,
});
const failed = (name: string, found: string, fix: string): Check => check(name, { state: 'failed', found, fix });

describe('toBrief', () => {
  it('gives the settings and each peer one line where all is right', () => {
    const checks = [
      check('settings: intake', { found: 'read' }),
      check('settings: storage', { found: 'read' }),
      check('storage: blobs', { found: 'did 10 of 10' }),
      check('storage: queues', { found: 'did 4 of 4' }),
      check('cluster: the provisioner reaches it', { found: 'Kubernetes v1.35.4' }),
      check('cluster: the deprovisioner reaches it', { found: 'Kubernetes v1.35.4' }),
      check('cluster: admission policies', { found: 'bound' }),
      check('identities', { state: 'skipped', found: 'the pool is empty' }),
    ];
    expect(toBrief(checks).split('\n')).toEqual([
      '✓ settings    read',
      '✓ storage     2 checks',
      '✓ cluster     Kubernetes v1.35.4',
      '✓ policies    bound',
      '- identities  the pool is empty',
    ]);
  });

  it('says each fault with its fix, and a fix that fits several once', () => {
    const checks = [
      failed('rights: provisioner, pods', 'may not list', 'grant it'),
      failed('rights: provisioner, events', 'may not list', 'grant it'),
      check('rights: deprovisioner, namespaces'),
    ];
    expect(toBrief(checks).split('\n')).toEqual([
      '✗ rights      provisioner, pods: may not list',
      '    fix: grant it',
      '✗ rights      provisioner, events: may not list',
    ]);
  });

  it('says what a fault is about, whatever its name begins with', () => {
    const named = failed('named by the overlays: IngressClass nginx', 'not there', 'install it');
    const suite = failed("overlays: AKS Automatic's safeguards", 'no probes', 'add them');
    expect(
      toBrief([named, suite])
        .split('\n')
        .filter((line) => line.startsWith('✗')),
    ).toEqual([
      '✗ overlays    named by the overlays: IngressClass nginx: not there',
      "✗ overlays    AKS Automatic's safeguards: no probes",
    ]);
  });

  it('does not blame a peer for settings or a cluster that stand above it', () => {
    const checks = [
      failed('settings: cluster', 'AKS_CLUSTER_ID is missing', 'set it'),
      failed('cluster', 'AKS_CLUSTER_ID is missing', 'set it'),
      failed('overlays', 'AKS_CLUSTER_ID is missing', 'set it'),
    ];
    expect(toBrief(checks).split('\n')).toEqual([
      '✗ settings    AKS_CLUSTER_ID is missing',
      '    fix: set it',
      '✗ cluster     not asked: see above',
      '✗ overlays    not asked: see above',
    ]);
  });

  it('says of each peer without an answer that it gave none', () => {
    const late = (name: string) => failed(name, 'no answer in 15 s', 'start it');
    expect(toBrief([late('storage'), late('cluster')]).split('\n')).toEqual([
      '✗ storage     no answer in 15 s',
      '    fix: start it',
      '✗ cluster     no answer in 15 s',
    ]);
  });
});
