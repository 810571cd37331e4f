import { describe, expect, it } from '@jest/globals';
import { join } from 'node:path';
import { toCovered } from './suites/coverage.ts';
import { importsOf } from './suites/import-graph.ts';
import { type Mutant, mutantsOf, mutate, shuffle } from './mutants/mutants.ts';
import { type Judged, toReport } from './report.ts';
import { createTypeCheck } from './mutants/type-check.ts';

/** The texts that the mutants of a piece of code make of it. */
const made = (code: string): string[] => mutantsOf('lib/a.ts', code).map((mutant) => mutate(code, mutant));

describe('the mutants of a piece of code', () => {
  it.each<[string, string, string[]]>([
    ['swap && and ||', 'f(a && b)', ['f(a || b)']],
    ['take the other side of ??', 'f(a ?? b)', ['f(b)']],
    ['turn a comparison round', 'f(a === b)', ['f(a !== b)']],
    ['move a bound', 'f(a < b)', ['f(a <= b)', 'f(a >= b)']],
    ['make a condition true and false', 'f(a ? b : c)', ['f(Boolean(1) ? b : c)', 'f(Boolean(0) ? b : c)']],
    ['leave a negation out', 'f(!a)', ['f(a)']],
    ['change a number and a flag', 'f(3, true)', ['f(4, true)', 'f(3, false)']],
    ['change arithmetic, not the joining of texts', 'f(a - b, a + "b")', ['f(a + b, a + "b")']],
    ['swap some and every', 'f(a.some(b))', ['f(a.every(b))']],
    ['leave a filter out', 'f(a.filter(b))', ['f(a)']],
    ['leave a member out', 'f({ a, b })', ['f({ b })', 'f({ a,  })']],
    ['leave an early return out', 'if (a) return;', ['if (Boolean(1)) return;', 'if (Boolean(0)) return;', 'if (a) ;']],
  ])('%s', (_what, code, expected) => {
    expect(made(code)).toEqual(expect.arrayContaining(expected));
  });

  it('leave types and imports alone', () => {
    expect(made("import { a } from 'b'; type C = 1 | true; interface D { e: 2 }")).toEqual([]);
  });

  it('are told apart by the line and what changed, and shuffled by the seed alone', () => {
    const mutants = mutantsOf('lib/a.ts', 'const x = 1;\nf(a && b);\nf(c || d);');
    expect(mutants.map(({ line, what }) => `${line} ${what}`)).toContain('2 a && b: && -> ||');
    expect(shuffle(mutants, 5)).toEqual(shuffle(mutants, 5));
    expect([1, 2, 3, 4].map((seed) => shuffle(mutants, seed)[0]?.what)).not.toEqual(Array(4).fill(mutants[0]?.what));
  });
});

describe('the imports of a file', () => {
  it('are its own files, called at once or later, and none for its types alone', () => {
    const text = `
      import { a } from './a.ts';
      import type { B } from './b.ts';
      import { type C } from '../c.ts';
      import ts from 'typescript';
      export { d } from '../d.ts';
      const e = () => import('./e.ts');`;
    expect(importsOf('lib/x/y.ts', text)).toEqual(['lib/x/a.ts', 'lib/d.ts', 'lib/x/e.ts']);
  });
});

describe('what a test file covers', () => {
  const counted = (url: string, ...ranges: [number, number, number][]) => ({
    scriptId: '1',
    url,
    functions: [
      {
        functionName: '',
        isBlockCoverage: true,
        ranges: ranges.map(([startOffset, endOffset, count]) => ({ startOffset, endOffset, count })),
      },
    ],
  });

  it('is what of lib it loaded, but for the parts that did not run', () => {
    const result = [
      counted('file:///tree/lib/a.ts', [0, 100, 1], [10, 20, 0], [20, 30, 4]),
      counted('/tree/lib/b/c.ts', [0, 50, 1]),
      counted('/tree/lib/of-an-earlier-test.ts', [0, 50, 0]),
      counted('/tree/test/a.test.ts', [0, 50, 1]),
      counted('node:fs', [0, 50, 1]),
    ];
    expect(toCovered({ result }, '/tree')).toEqual({ 'lib/a.ts': [[10, 20]], 'lib/b/c.ts': [] });
  });
});

describe('mutants that do not compile', () => {
  it('are left out one by one, though they are looked at together', () => {
    const root = join(import.meta.dirname, '..', '..');
    const file = 'lib/is-object.ts';
    const at = (start: number, end: number, replacement: string): Mutant => ({
      ...{ file, line: 1, code: '', what: replacement, start, end, replacement },
    });
    const mutants = [at(0, 0, 'export const one = 1;'), at(0, 0, 'export const one: string = 1;'), at(0, 0, '/* */')];
    expect(createTypeCheck(root, [file])(mutants).map(({ what }) => what)).toEqual(['export const one = 1;', '/* */']);
  });
});

describe('the report', () => {
  it('counts by folder, without equivalents, and names what survived', () => {
    const [one, two, three] = mutantsOf('lib/sweep/a.ts', 'f(a && b);\nf(a || b);\nf(!c);').filter(({ what }) =>
      /->|!/.test(what),
    );
    if (one === undefined || two === undefined || three === undefined) throw new Error('three mutants');
    const judged: Judged[] = [
      { mutant: one, verdict: { kind: 'killed', by: 'a test' } },
      { mutant: two, verdict: { kind: 'survived', ran: 3, leftOut: 2 } },
      { mutant: three, verdict: { kind: 'equivalent' } },
    ];
    const report = toReport(judged);

    expect(report).toMatch(/^lib\/sweep +50\.0 % +1 +1 +1 +0$/m);
    expect(report).toContain('lib/sweep/a.ts:2  a || b: || -> && (3 tests ran, 2 left out for time: --per-mutant)');
    expect(report).not.toContain('a && b');
  });
});
