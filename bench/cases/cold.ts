import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync } from 'node:fs';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { build as bundle } from 'esbuild';
import ts from 'typescript';
import { build, projectRoot } from '../../local/build/build.ts';
import { makeDelivery } from '../../local/github/deliveries.ts';
import type { ColdDelivery } from '../answer-once.ts';
import { alternate, timed, type Comparison } from '../measure.ts';
import type { Stage } from '../stage.ts';

/** Inside the project, so that packages are found; ignored by git. */
const FOLDER = join(projectRoot, '.cache', 'bench');
const SECRET = 'a secret of the bench alone';
const REPOSITORY = { fullName: 'acme/shop', id: 7, defaultBranch: 'main' };

/** A fresh process loads the app and answers a first delivery, which is on Azurite's queue then. */
export async function compareCold({ azurite }: Pick<Stage, 'azurite'>, rounds: number): Promise<Comparison> {
  const bundled = join(FOLDER, 'bundled');
  const unbundled = join(FOLDER, 'unbundled');
  await rm(FOLDER, { recursive: true, force: true });
  await mkdir(unbundled, { recursive: true });
  await build({ outDir: join(bundled, 'dist') });
  await transpile(unbundled);
  await writeFile(join(bundled, 'package.json'), '{"type":"module","main":"dist/main.js"}');
  await writeFile(join(unbundled, 'package.json'), '{"type":"module","main":"functions/*.js"}');
  await makeHarness();
  for (const dir of [bundled, unbundled]) await cp(join(projectRoot, 'host.json'), join(dir, 'host.json'));
  const answer = (dir: string) => () => timed(() => run(dir, azurite.connectionString));
  await answer(bundled)();
  await answer(unbundled)();
  // a process is short, and a median of few would be the machine's mood
  const times = await alternate(rounds * 3, { ours: answer(bundled), theirs: answer(unbundled) });
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

/** The same plain program for both: neither type stripping nor GitHub's examples may count. */
async function makeHarness(): Promise<void> {
  await bundle({
    entryPoints: [join(import.meta.dirname, '..', 'answer-once.ts')],
    outfile: join(FOLDER, 'answer-once.js'),
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node22',
  });
  const { headers, body } = makeDelivery({ event: 'create', ref: 'cold', repository: REPOSITORY, secret: SECRET });
  const lower = Object.entries(headers).map(([name, value]): [string, string] => [name.toLowerCase(), value]);
  const delivery = { headers: Object.fromEntries<string>(lower), body: body.toString('base64') } satisfies ColdDelivery;
  await writeFile(join(FOLDER, 'delivery.json'), JSON.stringify(delivery));
}

async function run(appDir: string, connectionString: string): Promise<void> {
  const child = spawn(process.execPath, ['--no-warnings', 'answer-once.js', appDir, 'delivery.json'], {
    cwd: FOLDER,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      AzureWebJobsStorage: connectionString,
      GITHUB_REPOSITORIES: REPOSITORY.fullName,
      GITHUB_WEBHOOK_SECRET: SECRET,
    },
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`a first delivery was not answered from ${appDir}: ${said.slice(-500)}`);
}
