import { describe, expect, it } from '@jest/globals';
import { Webhooks } from '@octokit/webhooks';
import { type DeliveryOptions, makeDelivery, signBody } from '../../../../local/github/deliveries.ts';

const SECRET = 'a secret of more than sixteen bytes';
const REPOSITORY = { fullName: 'acme/todo', id: 42, defaultBranch: 'main' };
const AT = Date.parse('2026-03-04T05:06:07Z');

function payloadOf(options: Partial<DeliveryOptions>): Record<string, unknown> {
  const { body } = makeDelivery({
    event: 'create',
    secret: SECRET,
    ref: 'ex-1',
    repository: REPOSITORY,
    pushedAt: AT,
    ...options,
  });
  return JSON.parse(body.toString()) as Record<string, unknown>;
}

describe('makeDelivery', () => {
  it('makes branch events of the repository out of the example tags', () => {
    const repository = { id: 42, name: 'todo', full_name: 'acme/todo', pushed_at: '2026-03-04T05:06:07Z' };

    expect(payloadOf({ event: 'create' })).toMatchObject({
      ref: 'ex-1',
      ref_type: 'branch',
      master_branch: 'main',
      repository,
    });
    expect(payloadOf({ event: 'delete' })).toMatchObject({ ref: 'ex-1', ref_type: 'branch', repository });
    expect(payloadOf({ event: 'delete' })).not.toHaveProperty('master_branch');
    expect(payloadOf({ event: 'create', refType: 'tag' })).toMatchObject({ ref_type: 'tag' });
  });

  it('gives a push the full ref and its time in seconds', () => {
    expect(payloadOf({ event: 'push', ref: 'a/b', sha: 'f'.repeat(40) })).toMatchObject({
      ref: 'refs/heads/a/b',
      after: 'f'.repeat(40),
      deleted: false,
      repository: { pushed_at: AT / 1000 },
    });
    expect(payloadOf({ event: 'push', deleted: true })).toMatchObject({ deleted: true, after: '0'.repeat(40) });
  });

  it('signs the bytes it sends, form or JSON, so that Octokit takes them', async () => {
    const webhooks = new Webhooks({ secret: SECRET });

    for (const contentType of ['json', 'form'] as const) {
      const { body, headers } = makeDelivery({ event: 'create', secret: SECRET, contentType });
      const signature = headers['X-Hub-Signature-256'] ?? '';
      expect(await webhooks.verify(body.toString(), signature)).toBe(true);
      expect(await webhooks.verify(`${body.toString()} `, signature)).toBe(false);
    }
  });

  it("signs as GitHub's own test vector says", () => {
    // https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries
    expect(signBody(Buffer.from('Hello, World!'), "It's a Secret to Everybody")).toBe(
      'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17',
    );
  });
});
