import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { execFileSync } from 'node:child_process';
import { describe, expect, test } from '@jest/globals';
import { projectRoot } from '../../../local/build/build.ts';

const PAGES = execFileSync('git', ['ls-files', '--', '*.md'], { cwd: projectRoot, encoding: 'utf8' })
  .trim()
  .split('\n');
const read = (file: string) => readFileSync(join(projectRoot, file), 'utf8');

/** Made from the samples beside them, so that git has neither. */
const OF_THE_USER = ['manifests/cluster/principals.env', 'manifests/cluster/settings.env'];

/** Of the repository that calls the action. */
const OF_THE_CALLER = ['test:e2e'];

describe.each(PAGES)('%s', (page) => {
  test('links to files and headings that are there', () => {
    const links = [...read(page).matchAll(/\]\((?!https?:)([^)\s]*)\)/g)].map(([, target = '']) => target);
    expect(links.filter((target) => !leads(page, target))).toEqual([]);
  });

  test('names scripts that package.json has', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const named = [...read(page).matchAll(/\bnpm run ([\w:]+)/g)].map(([, name = '']) => name);
    expect(named.filter((name) => !(name in scripts) && !OF_THE_CALLER.includes(name))).toEqual([]);
  });

  test('names files and folders that are there', () => {
    const paths = read(page).matchAll(
      /(?<![\w/.@<-])(?:\.ci|action|bench|docs|functions|infra|lib|local|manifests|page|test)\/[\w./-]*\w/g,
    );
    const missing = [...paths].map(([path]) => path).filter((path) => !existsSync(join(projectRoot, path)));
    expect(missing.filter((path) => !OF_THE_USER.includes(path))).toEqual([]);
  });
});

function leads(page: string, target: string): boolean {
  const [file = '', heading] = target.split('#');
  const path = file === '' ? page : join(dirname(page), file);
  if (!existsSync(join(projectRoot, path))) return false;
  return heading === undefined || headings(path).includes(heading);
}

/** The anchors that GitHub gives a page's headings. */
function headings(file: string): string[] {
  return [...read(file).matchAll(/^#+ (.*)$/gm)].map(([, text = '']) =>
    text
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
}
