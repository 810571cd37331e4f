import { type Expected, knownId } from './expected.ts';
import type { ChainFacts } from '../facts.ts';
import { type Link, PROVISION_AGAIN, broken, compared, ok, unknown } from './link.ts';
import { CLIENT_ID, TENANT_ID, listed } from '../live-objects.ts';
import type { KubeObject } from '../../environment/ports/cluster.ts';

/** Each service account that asks for an identity, and what its annotations name. */
export function judgeAccounts({ live, namespace }: ChainFacts, { accounts }: Expected): Link[] {
  const there = listed(live, 'ServiceAccount');
  return accounts.flatMap((account) => {
    const object = `ServiceAccount/${namespace}/${account.metadata.name}`;
    const place = { link: 'service-account', object, expected: 'the service account is there' } as const;
    if (there.kind === 'unread') return [unknown(place, there.why)];
    const found = there.value.find(({ metadata }) => metadata.name === account.metadata.name);
    if (found === undefined) return [broken(place, 'nothing', { fix: PROVISION_AGAIN })];
    return [ok(place, 'it is there'), ...judgeAnnotations(object, { account, found })];
  });
}

function judgeAnnotations(object: string, of: { account: KubeObject; found: KubeObject }): Link[] {
  const wanted = of.account.metadata.annotations ?? {};
  const held = of.found.metadata.annotations ?? {};
  return [CLIENT_ID, TENANT_ID]
    .filter((key) => wanted[key] !== undefined)
    .map((key) => {
      const id = knownId(wanted[key]);
      const expected = id === undefined ? undefined : `${key}: ${id}`;
      const found = held[key] === undefined ? undefined : `${key}: ${held[key]}`;
      return compared({ link: 'annotation', object }, { found, expected });
    });
}
