import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { toNamespace, toSlug } from '../../../lib/environment/model/names.ts';

const REPOSITORY = 'Acme/Shop';
const BRANCHES = [
  'search',
  'login',
  'www',
  'WWW',
  'feature/my-login',
  'Feature/Login',
  'ex-c4-e6',
  '-dash-',
  'a..b__c',
  '🚀',
  'dependabot/npm_and_yarn/lodash-4.17.21',
  'x'.repeat(55),
  'x'.repeat(56),
  `${'long-'.repeat(12)}end`,
];

const page = await readFile('docs/slugs.md', 'utf8');
const code = (language: string): string => new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``).exec(page)?.[1] ?? '';

describe('The recipes of docs/slugs.md', () => {
  const expected = BRANCHES.map((ref) => toSlug({ repository: REPOSITORY, ref }));

  it('compute the product’s slug in a shell', async () => {
    const script = `${code('sh')}\nfor branch in "$@"; do slug '${REPOSITORY}' "$branch"; done`;
    const { stdout } = await promisify(execFile)('sh', ['-c', script, 'sh', ...BRANCHES]);
    expect(stdout.trim().split('\n')).toEqual(expected);
  });

  it('compute the product’s slug in JavaScript', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'slug-'));
    try {
      const file = join(folder, 'slug.mjs');
      const call = `process.stdout.write(JSON.stringify(${JSON.stringify(BRANCHES)}.map((one) => slug('${REPOSITORY}', one))))`;
      await writeFile(file, `${code('js')}\n${call};\n`);
      const { stdout } = await promisify(execFile)(process.execPath, [file]);
      expect(JSON.parse(stdout)).toEqual(expected);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('are shown beside slugs and namespaces that are so', () => {
    const rows = [...page.matchAll(/^\| `(\S+)`\s+\| `(\S+)`\s+\| `(\S+)`\s+\|$/gm)].map((row) => row.slice(1));
    expect(rows.length).toBeGreaterThan(1);
    for (const [ref = '', slug, namespace] of rows) {
      expect(slug).toBe(toSlug({ repository: 'acme/shop', ref }));
      expect(namespace).toBe(toNamespace(slug ?? ''));
    }
  });
});
