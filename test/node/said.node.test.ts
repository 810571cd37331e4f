import { setTimeout as pass } from 'node:timers/promises';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { EnvironmentRecord } from '../../lib/environment/model/record.ts';
import { projectRoot } from '../../local/build/build.ts';
import { trees } from './support/all-situations.ts';
import { deliver, recordOf } from './support/app.ts';
import { applyAll } from './support/cluster.ts';
import { TEAM_ROLE, situations } from './support/situations.ts';
import { type App, setStage, type Stage } from './support/stage.ts';
import { writeTree } from './support/tree.ts';

const TREES = trees();
const SECONDS = [5, 30, 120];
const DOC = join(projectRoot, 'docs', 'ready.md');
const MARKS = ['<!-- said: npm run test:node -- node/said -->', '<!-- /said -->'] as const;

/** Every situation at once, with nobody who does anything about it; SAID=1 writes what is said into docs/ready.md. */
describe('what is said of each situation on a real node', () => {
  let stage: Stage;
  /** By situation, a cell for each of the seconds. */
  const said = new Map<string, string[]>();

  beforeAll(async () => {
    stage = await setStage();
    await applyAll([TEAM_ROLE]);
    const apps = new Map<string, App>();
    for (const [name, { objects, settings }] of Object.entries(TREES))
      apps.set(
        name,
        await stage.startApp({
          overlays: await writeTree(objects),
          settings: { ...settings, READY_DEADLINE: '60s', INITIAL_IMAGE_TAG: '1.37' },
        }),
      );
    await Promise.all(
      [...apps].map(async ([name, app]) => {
        await deliver(app, 'create', name);
        const begin = performance.now();
        for (const seconds of SECONDS) {
          await pass(Math.max(0, seconds * 1_000 - (performance.now() - begin)));
          said.set(name, [...(said.get(name) ?? []), toCell(await recordOf(app, name))]);
        }
      }),
    );
  }, 480_000);

  afterAll(() => stage.stop());

  it('is a table of words', async () => {
    const table = toTable(said);
    console.log(table);
    expect([...said.keys()].sort()).toEqual(Object.keys(TREES).sort());
    if (process.env['SAID'] === '1') await writeInto(DOC, table);
  });

  it.each(situations())('names the cause of $name after two minutes, and never calls it ready', ({ name, says }) => {
    const cells = said.get(name) ?? [];
    expect(cells.filter((cell) => cell.startsWith('ready'))).toEqual([]);
    expect(cells.at(-1)).toMatch(says);
  });
});

function toCell(record: EnvironmentRecord | undefined): string {
  if (record === undefined) return 'queued';
  const { phase, error, waitingOn, warnings } = record;
  const words = error?.message ?? waitingOn ?? (warnings.length > 0 ? `warnings: ${warnings.join('; ')}` : '');
  return words === '' ? phase : `${phase}: ${words}`;
}

function toTable(rows: ReadonlyMap<string, string[]>): string {
  const line = (cells: string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  const short = (cell: string) => (cell.length > 200 ? `${cell.slice(0, 140)} … ${cell.slice(-55)}` : cell);
  return [
    line(['situation', ...SECONDS.map((seconds) => `after ${seconds} s`)]),
    line(['---', ...SECONDS.map(() => '---')]),
    ...[...rows].sort().map(([name, cells]) => line([name, ...cells.map(short)])),
  ].join('\n');
}

async function writeInto(path: string, table: string): Promise<void> {
  const text = await readFile(path, 'utf8');
  const [before, after] = [text.indexOf(MARKS[0]), text.indexOf(MARKS[1])];
  if (before < 0 || after < before) throw new Error(`${path} has no place for the table`);
  await writeFile(path, `${text.slice(0, before + MARKS[0].length)}\n\n${table}\n\n${text.slice(after)}`);
}
