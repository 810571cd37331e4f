import { describe, expect, it } from '@jest/globals';
import { judgeChain as untoldJudgeChain } from '../../../lib/diagnosis/chain/chain.ts';
import type { KubeObject } from '../../../lib/environment/ports/cluster.ts';
import { healthy, itemsOf } from './healthy.ts';
import type { ChainFacts } from '../../../lib/diagnosis/facts.ts';
import { keepTold } from '../../support/keep-told.ts';

const judgeChain = keepTold(untoldJudgeChain);

describe('the links that are not in the chain', () => {
  it('are none where the whole chain was walked', () => {
    expect(judgeChain(healthy()).absent).toEqual([]);
  });

  it('are all, with the reason, for an application that wants no identity: the verdict is none, never ok', () => {
    const facts: ChainFacts = { ...healthy(), rendered: { kind: 'read', value: [] }, wanted: [] };

    const { verdict, why, chain, absent } = judgeChain(facts);

    expect({ verdict, chain }).toEqual({ verdict: 'none', chain: [] });
    expect(why).toMatch(/^no service account of the overlays asks for an Azure identity/);
    expect(absent).toHaveLength(15);
    expect(absent).toContainEqual({ link: 'issuer', why: 'no service account asks for an Azure identity' });
    expect(absent).toContainEqual({ link: 'mount', why: 'the overlays hold no SecretProviderClass' });
  });

  it('name the link that comes first where one is broken', () => {
    const facts = healthy();
    const [identity] = facts.access.kind === 'read' ? facts.access.value.identities : [];
    if (identity === undefined) throw new Error('no identity');
    identity.credentials = [];

    const { verdict, absent } = judgeChain(facts);

    expect(verdict).toBe('broken');
    const why = 'not looked at: federated-credential comes first, and is broken';
    expect(absent).toEqual(['issuer', 'subject', 'audience'].map((link) => ({ link, why })));
  });

  it('are each told why nothing is expected of them', () => {
    const facts: ChainFacts = { ...healthy(), rendered: { kind: 'read', value: [] }, wanted: [] };
    const whys = Map.groupBy(untoldJudgeChain(facts).absent, ({ why }) => why);
    expect(Object.fromEntries([...whys].map(([why, of]) => [why, of.map(({ link }) => link)]))).toEqual({
      'no workload runs with an identity or mounts a Key Vault class': ['workload', 'pod'],
      'no pod asks for a token (the label azure.workload.identity/use)': ['pod-environment'],
      'no service account asks for an Azure identity': [
        ...['service-account', 'annotation', 'federated-credential', 'issuer', 'subject', 'audience'],
        'managed-identity',
      ],
      'the overlays hold no SecretProviderClass': [
        ...['key-vault-class', 'class-client-id', 'class-tenant-id', 'mount', 'key-vault'],
      ],
    });
  });

  it('are not looked at where what comes first is broken, though only some of the workloads ask for a token', () => {
    const facts = healthy();
    if (facts.rendered.kind !== 'read') throw new Error('not rendered');
    const asking = facts.rendered.value.find(({ kind, metadata }) => kind === 'Deployment' && metadata.name === 'db');
    const silent = JSON.parse(JSON.stringify(asking).replaceAll('azure.workload.identity/use', 'x')) as KubeObject;
    facts.rendered.value.push({ ...silent, metadata: { name: 'silent' } });
    itemsOf(facts, 'Deployment').length = 0;

    const why = 'not looked at: workload comes first, and is broken';
    expect(untoldJudgeChain(facts).absent).toEqual(['pod', 'pod-environment', 'mount'].map((link) => ({ link, why })));
  });

  it('are not told where the overlays do not render: nobody knows what they want', () => {
    const { verdict, absent, chain } = judgeChain({
      ...healthy(),
      rendered: { kind: 'unread', why: 'OVERLAY_X has no value' },
    });

    expect({ verdict, absent }).toEqual({ verdict: 'unknown', absent: [] });
    expect(chain[0]?.fix).toMatch(/^fix the overlays or their settings, then provision the branch again/);
  });
});
