import { beforeEach, describe, expect, it } from '@jest/globals';
import { judgeChain } from '../../../../lib/diagnosis/chain/chain.ts';
import type { LinkName } from '../../../../lib/diagnosis/chain/link.ts';
import type { ChainFacts } from '../../../../lib/diagnosis/facts.ts';
import type { KubeObject } from '../../../../lib/environment/ports/cluster.ts';
import { CLIENT, NAMESPACE, TENANT, healthy, itemsOf, mounted, pod, warning } from '../healthy.ts';

const CLASS = `SecretProviderClass/${NAMESPACE}/db-class`;
const POD = `Pod/${NAMESPACE}/db-7d9f-x`;
const AGAIN = 'provision the branch again (POST /api/provision): it restores what the overlays say';
const FORBIDDEN = 'StatusCode=403 innererror ForbiddenByRbac';
const FORBIDDEN_CAUSE = { code: 'Forbidden', meaning: 'the identity may not read the Key Vault' };
const REFUSED = 'AADSTS700213: No matching federated identity record';

let facts: ChainFacts;
beforeEach(() => {
  facts = healthy();
});

const links = (...names: LinkName[]) => judgeChain(facts).chain.filter(({ link }) => names.includes(link));

/** The parameters of the class: as the overlays want them, or as the cluster holds them. */
function parametersOf(of: 'wanted' | 'held'): Record<string, string> {
  const rendered = facts.rendered.kind === 'read' ? facts.rendered.value : [];
  const objects = of === 'wanted' ? rendered : itemsOf(facts, 'SecretProviderClass');
  const found = objects.find(({ kind }) => kind === 'SecretProviderClass');
  return (found?.['spec'] as { parameters: Record<string, string> }).parameters;
}

function unread(kind: string): void {
  facts.live = facts.live.map((one) => (one.kind === kind ? { apiVersion: 'v1', kind, why: 'forbidden' } : one));
}

function theirPod(): KubeObject {
  const [found] = itemsOf(facts, 'Pod');
  if (found === undefined) throw new Error('no pod');
  return found;
}

function pend(message?: string, about = 'Pod/db-7d9f-x', reason = 'FailedMount'): void {
  theirPod()['status'] = { phase: 'Pending' };
  itemsOf(facts, 'SecretProviderClassPodStatus').length = 0;
  if (message !== undefined) itemsOf(facts, 'Event').push(warning(about, reason, message));
}

describe('a Key Vault class', () => {
  const names: LinkName[] = ['key-vault-class', 'class-client-id', 'class-tenant-id'];

  it('is judged by its vault and the ids that it names', () => {
    const vault = 'Key Vault vault-1';
    expect(links(...names)).toEqual([
      { link: 'key-vault-class', object: CLASS, state: 'ok', found: vault, expected: vault },
      { link: 'class-client-id', object: CLASS, state: 'ok', found: CLIENT, expected: CLIENT },
      { link: 'class-tenant-id', object: CLASS, state: 'ok', found: TENANT, expected: TENANT },
    ]);
    Object.assign(parametersOf('held'), { keyvaultName: 'other', clientID: 'a', tenantID: 'b' });
    expect(links(...names)).toEqual([
      {
        link: 'key-vault-class',
        object: CLASS,
        state: 'broken',
        found: 'Key Vault other',
        expected: vault,
        fix: AGAIN,
      },
      { link: 'class-client-id', object: CLASS, state: 'broken', found: 'a', expected: CLIENT, fix: AGAIN },
      { link: 'class-tenant-id', object: CLASS, state: 'broken', found: 'b', expected: TENANT, fix: AGAIN },
    ]);
  });

  it.each([
    ['clientID', 'class-client-id'],
    ['tenantID', 'class-tenant-id'],
  ])('is not asked for a %s that the overlays do not name', (key, link) => {
    delete parametersOf('wanted')[key];
    expect(links(...names).map((one) => one.link)).toEqual(names.filter((name) => name !== link));
  });

  it('is not judged by an id that stands for none', () => {
    parametersOf('wanted')['clientID'] = '00000000-0000-0000-0000-000000000000';
    expect(links('class-client-id')).toMatchObject([{ state: 'unknown', found: CLIENT, expected: 'not known' }]);
  });

  it('may name any vault where the overlays name none', () => {
    delete parametersOf('wanted')['keyvaultName'];
    expect(links('key-vault-class')).toMatchObject([{ state: 'ok', expected: 'Key Vault vault-1' }]);
    expect(links('key-vault')).toMatchObject([{ object: 'KeyVault/unnamed' }]);
    delete parametersOf('held')['keyvaultName'];
    expect(links('key-vault-class')).toMatchObject([{ state: 'ok', found: 'Key Vault ' }]);
  });

  it('is missing, or unknown where classes cannot be listed', () => {
    const place = { link: 'key-vault-class', object: CLASS, expected: 'the class is there' };
    const [held] = itemsOf(facts, 'SecretProviderClass');
    if (held !== undefined) held.metadata.name = 'another';
    expect(links(...names)).toEqual([{ ...place, state: 'broken', found: 'nothing', fix: AGAIN }]);
    unread('SecretProviderClass');
    expect(links(...names)).toEqual([{ ...place, state: 'unknown', found: 'forbidden' }]);
  });
});

describe('a mount', () => {
  const place = { link: 'mount', object: POD, expected: 'SecretProviderClass db-class is mounted' };

  it('is ok where the driver says so of this pod and class', () => {
    expect(links('mount')).toEqual([{ ...place, state: 'ok', found: 'it is mounted' }]);
  });

  it.each<[string, object]>([
    ['another pod', { podName: 'other', secretProviderClassName: 'db-class', mounted: true }],
    ['another class', { podName: 'db-7d9f-x', secretProviderClassName: 'other', mounted: true }],
    ['no end yet', { podName: 'db-7d9f-x', secretProviderClassName: 'db-class', mounted: false }],
    ['nobody', {}],
  ])('is not known by a status of %s', (_, status) => {
    const statuses = itemsOf(facts, 'SecretProviderClassPodStatus');
    statuses.splice(0, 1, { ...mounted('x'), status }, { ...mounted('y'), status: undefined });
    expect(links('mount')).toEqual([
      { ...place, state: 'unknown', found: 'the driver reports no mount; the pod is Running' },
    ]);
  });

  it('is missing of a pod that was made without the volume', () => {
    theirPod()['spec'] = { serviceAccountName: 'db' };
    expect(links('mount')).toEqual([
      {
        ...place,
        state: 'broken',
        found: 'the pod does not mount it',
        fix: 'make the pod again (kubectl rollout restart): it was made without this volume',
      },
    ]);
  });

  it('is told of each pod and class of a workload', () => {
    itemsOf(facts, 'Pod').push(pod('db-7d9f-y'));
    expect(links('mount').map(({ object, state }) => `${object} ${state}`)).toEqual([
      `${POD} ok`,
      `Pod/${NAMESPACE}/db-7d9f-y unknown`,
    ]);
    expect(links('key-vault')).toMatchObject([{ state: 'ok' }]);
  });

  it.each<[string, boolean, () => void]>([
    ['fails by the event of a pod that waits for it', true, () => pend(FORBIDDEN)],
    ['is not known by the event of another pod', false, () => pend(FORBIDDEN, 'Pod/db-7d9f-y')],
    ['is not known by another event', false, () => pend(FORBIDDEN, 'Pod/db-7d9f-x', 'BackOff')],
    ['is not known without an event', false, () => pend()],
  ])('%s: %s', (_, isBroken, spoil) => {
    spoil();
    expect(links('mount')).toEqual([
      isBroken
        ? {
            ...place,
            state: 'broken',
            found: FORBIDDEN,
            cause: FORBIDDEN_CAUSE,
            fix: expect.stringContaining('Secrets User'),
          }
        : { ...place, state: 'unknown', found: 'the driver reports no mount; the pod is Pending' },
    ]);
  });

  it('does not fail by an event of before its containers started', () => {
    pend(FORBIDDEN);
    theirPod()['status'] = { phase: 'Running' };
    expect(links('mount')).toMatchObject([{ state: 'unknown', found: expect.stringContaining('the pod is Running') }]);
  });

  it('is not known where the driver cannot be asked, and fails by an event all the same', () => {
    unread('SecretProviderClassPodStatus');
    expect(links('mount')).toEqual([{ ...place, state: 'unknown', found: 'forbidden; the pod is Running' }]);
    theirPod()['status'] = { phase: 'Pending' };
    itemsOf(facts, 'Event').push(warning('Pod/db-7d9f-x', 'FailedMount', 'it is full moon'));
    expect(links('mount')).toEqual([
      { ...place, state: 'broken', found: 'it is full moon', fix: 'fix what the event says' },
    ]);
  });

  it('waits for Entra ID while the credential is new, and for no other reason', () => {
    pend(REFUSED);
    facts.propagating = { since: facts.now - 900_000, until: facts.now + 560_000 };
    const cause = { code: 'AADSTS700213', meaning: expect.stringContaining('subject of the token') };
    expect(links('mount')).toEqual([
      {
        ...place,
        state: 'unknown',
        found: `waiting for Entra ID to know the credential, written 900 s ago: ${REFUSED}`,
        fix: 'wait: it is broken after 560 s more',
        cause,
      },
    ]);
    delete facts.propagating;
    expect(links('mount')).toMatchObject([{ state: 'broken', found: REFUSED, cause }]);
  });

  it.each(['Pod', 'Deployment'])('is not told of where a %s cannot be listed', (kind) => {
    unread(kind);
    expect(links('mount')).toEqual([]);
  });

  it('is not told of where its workload is gone', () => {
    itemsOf(facts, 'Deployment').length = 0;
    expect(links('mount')).toEqual([]);
  });
});

describe('the Key Vault itself', () => {
  const place = {
    link: 'key-vault',
    object: 'KeyVault/vault-1',
    expected: 'the Key Vault gives its secrets to the identity',
  };

  it('is ok where a pod has mounted, and not known before', () => {
    expect(links('key-vault')).toEqual([{ ...place, state: 'ok', found: `pods in ${NAMESPACE} have mounted them` }]);
    pend();
    expect(links('key-vault')).toEqual([{ ...place, state: 'unknown', found: 'no pod has mounted anything yet' }]);
  });

  it('is broken where an event accuses it, whatever another pod has mounted', () => {
    pend(FORBIDDEN);
    itemsOf(facts, 'Pod').unshift(pod('db-7d9f-y'));
    itemsOf(facts, 'SecretProviderClassPodStatus').push(mounted('db-7d9f-y'));
    expect(links('mount').map(({ state }) => state)).toEqual(['ok', 'broken']);
    expect(links('key-vault')).toEqual([
      {
        ...place,
        state: 'broken',
        found: FORBIDDEN,
        cause: FORBIDDEN_CAUSE,
        fix: expect.stringContaining('Secrets User'),
      },
    ]);
  });

  it('is not accused by what Entra ID refuses', () => {
    pend(REFUSED);
    expect(links('key-vault')).toMatchObject([{ state: 'unknown' }]);
  });

  it('is named once for each class of it, and not at all without a class', () => {
    if (facts.rendered.kind !== 'read') throw new Error('not rendered');
    const [held] = itemsOf(facts, 'SecretProviderClass');
    const other = JSON.parse(JSON.stringify(held).replace('db-class', 'b').replace('vault-1', 'vault-2')) as KubeObject;
    facts.rendered.value.push(other, { ...other, metadata: { name: 'c' } });
    expect(links('key-vault')).toMatchObject([{ object: 'KeyVault/vault-1, KeyVault/vault-2' }]);
    facts.rendered.value = facts.rendered.value.filter(({ kind }) => kind !== 'SecretProviderClass');
    expect(links('key-vault', 'key-vault-class')).toEqual([]);
  });
});
