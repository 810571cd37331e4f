import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, test } from '@jest/globals';
import { projectRoot } from '../../local/build/build.ts';
import { launch } from './support/browser.ts';

/** SCREENSHOTS=1 renews the picture that the README shows; else the demo's own test tells whether it works. */
const TERMINAL = `
  body { margin: 0; padding: 28px 32px; background: #14171c; color: #d7dce3; }
  pre { margin: 0; font: 13px/1.5 'JetBrains Mono', 'DejaVu Sans Mono', monospace; white-space: pre-wrap; }
  span { display: block; min-height: 1lh; padding-left: 11ch; text-indent: -11ch; }
  .held { color: #7ccf8f; }
  .failed { color: #f08a80; }
  .head { color: #f2f4f7; font-weight: 700; }
`;

if (process.env['SCREENSHOTS'] === '1') {
  test('demo.png shows the whole of the demo in a terminal', async () => {
    const child = spawn(process.execPath, ['--no-warnings', join(projectRoot, 'local', 'demo', 'main.ts')], {
      cwd: projectRoot,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const said = await text(child.stdout);
    expect(said).toMatch(/\d+ steps held, 0 failed/);
    const browser = await launch();
    const page = await browser.newPage({ viewport: { width: 1180, height: 400 }, deviceScaleFactor: 1.5 });
    await page.setContent(
      `<title>demo</title><style>${TERMINAL}</style><pre>${toHtml(`$ npm run demo\n${said}`)}</pre>`,
    );
    await mkdir(join(projectRoot, 'docs', 'images'), { recursive: true });
    await page.screenshot({ path: join(projectRoot, 'docs', 'images', 'demo.png'), fullPage: true });
    await browser.close();
  }, 300_000);
} else {
  test('what the demo says is drawn line by line, as text', () => {
    expect(toHtml('   1.0s  ✓ a <branch>\n        Starting\n   2.0s  ✗ no')).toBe(
      '<span class="held">   1.0s  ✓ a &lt;branch&gt;</span>' +
        '<span class="head">        Starting</span>' +
        '<span class="failed">   2.0s  ✗ no</span>',
    );
  });
}

function toHtml(said: string): string {
  return said
    .split('\n')
    .map((line) => {
      const safe = line.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
      return `<span class="${kindOf(line)}">${safe}</span>`;
    })
    .join('');
}

function kindOf(line: string): string {
  if (/^ *[\d.]+s {2}✓/.test(line)) return 'held';
  if (/^ *[\d.]+s {2}✗/.test(line)) return 'failed';
  return /^ {8}\S/.test(line) ? 'head' : 'line';
}
