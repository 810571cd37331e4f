import { beforeAll, describe, expect, it } from '@jest/globals';
import { BlockList } from 'node:net';
import type { KubeObject } from '../../lib/environment/ports/cluster.ts';
import { APPLICATIONS, buildOverlay } from './build-overlay.ts';
import { ofKind, workloadsOf } from './kube.ts';

/** WireServer and the instance metadata service: what answers there belongs to the node, not to a pod. */
const PLATFORM = ['168.63.129.16', '169.254.169.254'];

interface Rule {
  to?: { ipBlock?: { cidr: string; except?: string[] } }[];
  ports?: { port?: number | string; protocol?: string }[];
}
interface PolicySpec {
  podSelector: {
    matchLabels?: Record<string, string>;
    matchExpressions?: { key: string; operator: string; values: string[] }[];
  };
  policyTypes: string[];
  egress?: Rule[];
}

describe.each([...APPLICATIONS, 'base'] as const)('the network policies of %s', (overlay) => {
  let policies: { name: string; spec: PolicySpec }[];
  let objects: KubeObject[];

  beforeAll(async () => {
    objects = await buildOverlay(overlay);
    policies = ofKind<PolicySpec>(objects, 'NetworkPolicy').map(({ metadata, spec }) => ({
      name: metadata.name,
      spec,
    }));
  });

  it.each(PLATFORM)('let nobody out to %s, whatever their rules are for', (address) => {
    const open = policies.filter(({ spec }) => (spec.egress ?? []).some((rule) => admits(rule, address)));

    expect(policies.length).toBeGreaterThan(0);
    expect(open.map(({ name }) => name)).toEqual([]);
  });

  it('bound the way out of every pod', () => {
    const unbound = workloadsOf(objects).filter(({ template }) => {
      const bound = policies.filter(({ spec }) => selects(spec, template.metadata.labels));
      return !bound.some(({ spec }) => spec.policyTypes.includes('Egress'));
    });

    expect(unbound.map(({ name }) => name)).toEqual([]);
  });
});

it('a rule without peers, or with a block that holds the address, counts as a way there', () => {
  const [address = ''] = PLATFORM;

  expect(admits({}, address)).toBe(true);
  expect(admits({ to: [{ ipBlock: { cidr: '0.0.0.0/0', except: ['10.0.0.0/8'] } }] }, address)).toBe(true);
  expect(admits({ to: [{ ipBlock: { cidr: '0.0.0.0/0', except: ['168.63.129.0/24'] } }] }, address)).toBe(false);
});

function admits({ to }: Rule, address: string): boolean {
  if (to === undefined || to.length === 0) return true;
  return to.some(({ ipBlock }) => {
    if (ipBlock === undefined) return false;
    return holds(ipBlock.cidr, address) && !(ipBlock.except ?? []).some((cidr) => holds(cidr, address));
  });
}

function holds(cidr: string, address: string): boolean {
  const [network = '', length = ''] = cidr.split('/');
  const list = new BlockList();
  list.addSubnet(network, Number(length), 'ipv4');
  return list.check(address);
}

function selects({ podSelector }: PolicySpec, labels: Record<string, string>): boolean {
  const { matchLabels = {}, matchExpressions = [] } = podSelector;
  const labelled = Object.entries(matchLabels).every(([key, value]) => labels[key] === value);
  return labelled && matchExpressions.every(({ key, values }) => values.includes(labels[key] ?? ''));
}
