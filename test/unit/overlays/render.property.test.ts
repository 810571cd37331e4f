import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { RenderValues } from '../../../lib/environment/ports/ports.ts';
import { createOverlays } from '../../../lib/overlays/render.ts';
import type { KubeObject } from '../../../lib/environment/ports/cluster.ts';

const VALUES: RenderValues = {
  slug: 'ex-c4-e6',
  database: 'ex_c4_e6',
  namespace: 'feature-ex-c4-e6',
  imageTag: 'v1',
  clientId: 'client',
  tenantId: 'tenant',
  labels: { slug: 'ex-c4-e6' },
};

const TOKENS = {
  BRANCH_NAME: 'ex-c4-e6',
  BRANCH_NAME_DB: 'ex_c4_e6',
  IMAGE_TAG: 'v1',
  WORKLOAD_IDENTITY_CLIENT_ID: 'client',
  AZURE_TENANT_ID: 'tenant',
  OVERLAY_ONE: 'one',
  OVERLAY_ONE_TWO: '$& $1 two',
};

const lower = fc.string({ unit: fc.constantFrom('a', ' ', '.', '-', 'ü', '"', '\n', '$', '0', ':') });
/** Text and what it must become: placeholders between runs of what can't be part of one. */
const piece = fc.oneof(
  lower.map((text) => [text, text] as const),
  fc.constantFrom(...Object.entries(TOKENS)).map(([token, value]) => [token, value] as const),
);
const text = fc.array(piece, { maxLength: 5 }).map((pieces) => ({
  before: pieces.map(([before]) => `${before}|`).join(''),
  after: pieces.map(([, after]) => `${after}|`).join(''),
}));
type Pair = { before: unknown; after: unknown };
const same = (value: unknown): Pair => ({ before: value, after: value });

const { tree } = fc.letrec<{ tree: Pair; leaf: Pair; list: Pair; map: Pair }>((tie) => ({
  tree: fc.oneof({ depthSize: 'small' }, tie('leaf'), tie('list'), tie('map')),
  leaf: fc.oneof(text, fc.oneof(fc.integer(), fc.boolean(), fc.constant(null), fc.double({ noNaN: true })).map(same)),
  list: fc.array(tie('tree'), { maxLength: 4 }).map((pairs) => ({
    before: pairs.map(({ before }) => before),
    after: pairs.map(({ after }) => after),
  })),
  map: fc
    .dictionary(fc.oneof(lower, fc.constantFrom('BRANCH_NAME', '__proto__', 'OVERLAY_UNKNOWN')), tie('tree'), {
      maxKeys: 4,
    })
    .map((pairs) => ({
      before: Object.fromEntries(Object.entries(pairs).map(([key, { before }]) => [key, before])),
      after: Object.fromEntries(Object.entries(pairs).map(([key, { after }]) => [key, after])),
    })),
}));

describe('rendering', () => {
  it('changes placeholders in values and nothing else, whatever an object holds', () => {
    fc.assert(
      fc.property(tree, ({ before, after }) => {
        const object: KubeObject = {
          apiVersion: 'example.com/v1',
          kind: 'Thing',
          metadata: { name: 'x' },
          spec: before,
        };
        const template = structuredClone(object);
        const defaults = { OVERLAY_ONE: TOKENS.OVERLAY_ONE, OVERLAY_ONE_TWO: TOKENS.OVERLAY_ONE_TWO };
        const compiled = { v: 1 as const, hash: 'h', overlays: [{ name: 'o', objects: [object], defaults }] };

        const [rendered] = createOverlays(compiled, {}).render(VALUES);

        expect(JSON.stringify(rendered?.['spec'])).toBe(JSON.stringify(after));
        expect(object).toEqual(template);
      }),
      { numRuns: 500 },
    );
  });
});
