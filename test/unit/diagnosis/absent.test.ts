import { describe, expect, it } from '@jest/globals';
import { judgeChain as untoldJudgeChain } from '../../../lib/diagnosis/chain/chain.ts';
import { healthy } from './healthy.ts';
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

  it('are not told where the overlays do not render: nobody knows what they want', () => {
    const { verdict, absent } = judgeChain({
      ...healthy(),
      rendered: { kind: 'unread', why: 'OVERLAY_X has no value' },
    });

    expect({ verdict, absent }).toEqual({ verdict: 'unknown', absent: [] });
  });
});
