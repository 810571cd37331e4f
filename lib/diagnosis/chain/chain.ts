import { judgeAccounts } from './accounts.ts';
import { judgeIdentity } from './identity.ts';
import { judgeKeyVault } from './key-vault.ts';
import { judgeWorkloads } from './workloads.ts';
import { type Expected, toExpected } from './expected.ts';
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
  /** Broken where any link is; else unknown where any is; `none` where there is no chain. */
  verdict: LinkState | 'none';
  /** Why there is no chain. */
  why?: string;
  chain: Link[];
  /** The links of which nothing is in the chain, and why. */
  absent: { link: LinkName; why: string }[];
}

const NO_CHAIN = 'no service account of the overlays asks for an Azure identity, and nothing mounts a Key Vault class';

/** Judges every link of the way from a pod to its secrets, from what was gathered alone. */
export function judgeChain(facts: ChainFacts): Chain {
  const expected = toExpected(facts);
  const links = expected === undefined ? [notRendered(facts)] : judgeRendered(facts, expected);
  const states = new Set(links.map(({ state }) => state));
  const absent = expected === undefined ? [] : findAbsent(facts, { expected, links });
  const chain = links.toSorted((one, other) => ORDER.indexOf(one.link) - ORDER.indexOf(other.link));
  if (links.length === 0) return { verdict: 'none', why: NO_CHAIN, chain, absent };
  return { verdict: states.has('broken') ? 'broken' : states.has('unknown') ? 'unknown' : 'ok', chain, absent };
}

function judgeRendered(facts: ChainFacts, expected: Expected): Link[] {
  return [
    ...judgeWorkloads(facts, expected),
    ...judgeAccounts(facts, expected),
    ...judgeIdentity(facts),
    ...judgeKeyVault(facts, expected),
  ];
}

/** The links of which nothing was judged, with the reason in words. */
function findAbsent(
  { wanted }: ChainFacts,
  { expected, links }: { expected: Expected; links: readonly Link[] },
): Chain['absent'] {
  const judged = new Set(links.map(({ link }) => link));
  const stopped = links.find(({ state }) => state === 'broken' || state === 'unknown');
  const whyNot: Record<'workload' | 'pod' | 'account' | 'vault', string | undefined> = {
    workload:
      expected.workloads.length === 0 ? 'no workload runs with an identity or mounts a Key Vault class' : undefined,
    pod: expected.workloads.some(({ asksForToken }) => asksForToken)
      ? undefined
      : 'no pod asks for a token (the label azure.workload.identity/use)',
    account: wanted.length === 0 ? 'no service account asks for an Azure identity' : undefined,
    vault: expected.classes.length === 0 ? 'the overlays hold no SecretProviderClass' : undefined,
  };
  return ORDER.filter((link) => !judged.has(link)).map((link) => {
    const unwanted = whyNot[GROUPS[link]];
    const later = stopped && `not looked at: ${stopped.link} comes first, and is ${stopped.state}`;
    return { link, why: unwanted ?? later ?? 'nothing of this kind is expected' };
  });
}

const GROUPS: Record<LinkName, 'workload' | 'pod' | 'account' | 'vault'> = {
  workload: 'workload',
  pod: 'workload',
  'pod-environment': 'pod',
  'service-account': 'account',
  annotation: 'account',
  'federated-credential': 'account',
  issuer: 'account',
  subject: 'account',
  audience: 'account',
  'managed-identity': 'account',
  'key-vault-class': 'vault',
  'class-client-id': 'vault',
  'class-tenant-id': 'vault',
  mount: 'vault',
  'key-vault': 'vault',
};

function notRendered({ rendered, namespace }: ChainFacts): Link {
  const why = rendered.kind === 'unread' ? rendered.why : 'nothing was rendered';
  const place = { link: 'workload', object: `Namespace/${namespace}`, expected: 'what the overlays say' } as const;
  return unknown(place, why, { fix: `fix the overlays or their settings, then ${PROVISION_AGAIN}` });
}
