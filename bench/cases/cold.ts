import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync } from 'node:fs';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import ts from 'typescript';
import { build, projectRoot } from '../../local/build/build.ts';
import { alternate, timed, type Comparison } from '../measure.ts';
import type { Stage } from '../stage.ts';

/** Inside the project, so that packages are found; ignored by git. */
const FOLDER = join(projectRoot, '.cache', 'bench');

/** A fresh process loads the app and answers a first delivery, which is on Azurite's queue then. */
export async function compareCold({ azurite }: Stage, rounds: number): Promise<Comparison> {
  const bundled = join(FOLDER, 'bundled');
  const unbundled = join(FOLDER, 'unbundled');
  await rm(FOLDER, { recursive: true, force: true });
  await mkdir(unbundled, { recursive: true });
  await build({ outDir: join(bundled, 'dist') });
  await transpile(unbundled);
  await writeFile(join(bundled, 'package.json'), '{"type":"module","main":"dist/main.js"}');
  await writeFile(join(unbundled, 'package.json'), '{"type":"module","main":"functions/*.js"}');
  for (const dir of [bundled, unbundled]) await cp(join(projectRoot, 'host.json'), join(dir, 'host.json'));
  const answer = (dir: string) => () => timed(() => run(dir, azurite.connectionString));
  await answer(bundled)();
  await answer(unbundled)();
  const times = await alternate(rounds, { ours: answer(bundled), theirs: answer(unbundled) });
  await rm(FOLDER, { recursive: true, force: true });
  return { name: 'cold start to the first answer', against: 'the same sources unbundled', goal: 0.6, ...times };
}

/** File by file, as a build without a bundler would: types gone, nothing else changed. */
async function transpile(outDir: string): Promise<void> {
  for (const file of globSync(['functions/**/*.ts', 'lib/**/*.ts'], { cwd: projectRoot })) {
    const source = await readFile(join(projectRoot, file), 'utf8');
    const { outputText } = ts.transpileModule(source, {
      compilerOptions: {
        target: ts.ScriptTarget.ES2024,
        module: ts.ModuleKind.ESNext,
        verbatimModuleSyntax: true,
        rewriteRelativeImportExtensions: true,
      },
    });
    const target = join(outDir, file.replace(/\.ts$/, '.js'));
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, outputText);
  }
}

async function run(appDir: string, connectionString: string): Promise<void> {
  const child = spawn(process.execPath, ['--no-warnings', join(import.meta.dirname, '..', 'answer-once.ts'), appDir], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], AzureWebJobsStorage: connectionString },
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`a first delivery was not answered from ${appDir}: ${said.slice(-500)}`);
}
