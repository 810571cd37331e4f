import { judgeAccounts } from './accounts.ts';
import { judgeIdentity } from './identity.ts';
import { judgeKeyVault } from './key-vault.ts';
import { judgeWorkloads } from './workloads.ts';
import { toExpected } from './expected.ts';
import type { ChainFacts } from '../facts.ts';
import { PROVISION_AGAIN, unknown, type Link, type LinkName, type LinkState } from './link.ts';

const ORDER: readonly LinkName[] = [
  'workload',
  'pod',
  'pod-environment',
  'service-account',
  'annotation',
  'federated-credential',
  'issuer',
  'subject',
  'audience',
  'managed-identity',
  'key-vault-class',
  'class-client-id',
  'class-tenant-id',
  'mount',
  'key-vault',
];

export interface Chain {
  /** Broken where any link is; else unknown where any is. */
  verdict: LinkState;
  chain: Link[];
}

/** Judges every link of the way from a pod to its secrets, from what was gathered alone. */
export function judgeChain(facts: ChainFacts): Chain {
  const expected = toExpected(facts);
  const links = expected === undefined ? [notRendered(facts)] : judgeRendered(facts, expected);
  const chain = links.toSorted((one, other) => ORDER.indexOf(one.link) - ORDER.indexOf(other.link));
  const states = new Set(chain.map(({ state }) => state));
  return { verdict: states.has('broken') ? 'broken' : states.has('unknown') ? 'unknown' : 'ok', chain };
}

function judgeRendered(facts: ChainFacts, expected: NonNullable<ReturnType<typeof toExpected>>): Link[] {
  return [
    ...judgeWorkloads(facts, expected),
    ...judgeAccounts(facts, expected),
    ...judgeIdentity(facts),
    ...judgeKeyVault(facts, expected),
  ];
}

function notRendered({ rendered, namespace }: ChainFacts): Link {
  const why = 'why' in rendered ? rendered.why : 'nothing was rendered';
  const place = { link: 'workload', object: `Namespace/${namespace}`, expected: 'what the overlays say' } as const;
  return unknown(place, why, { fix: `fix the overlays or their settings, then ${PROVISION_AGAIN}` });
}
