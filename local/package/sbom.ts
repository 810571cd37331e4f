import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

interface Bom {
  serialNumber?: string;
  metadata: { timestamp?: string; tools?: unknown; component: { name: string; 'bom-ref': string } };
  components: { name: string; version: string; 'bom-ref': string }[];
  dependencies: { ref: string; dependsOn: string[] }[];
}

interface Lock {
  packages: Record<string, { version?: string; name?: string; dev?: true; optional?: true; devOptional?: true }>;
}

/**
 * The bill of materials of what the app is built from, in CycloneDX, by npm's own reading of the lock file. What would
 * differ from one run to the next (serial number, time, the name of the folder, npm's own version) is left out.
 */
export async function writeBom(root: string, name: string): Promise<string> {
  const args = ['sbom', '--package-lock-only', '--sbom-format', 'cyclonedx'];
  const cli = process.env['npm_execpath'];
  const [program, before] = cli?.endsWith('npm-cli.js') === true ? [process.execPath, [cli]] : ['npm', []];
  const { stdout } = await run(program, [...before, ...args], { cwd: root, maxBuffer: 64 * 1024 * 1024 });
  const bom = JSON.parse(stdout) as Bom;
  delete bom.serialNumber;
  delete bom.metadata.timestamp;
  delete bom.metadata.tools;
  bom.metadata.component.name = name;
  return `${JSON.stringify(await withoutTools(bom, root), undefined, 2)}\n`;
}

/** Done here, since `npm sbom --omit dev` of npm 11 also omits libraries that a development tool uses as well. */
async function withoutTools(bom: Bom, root: string): Promise<Bom> {
  const lock = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8')) as Lock;
  const shipped = new Set(
    Object.entries(lock.packages).flatMap(([path, one]) => {
      if (path === '' || one.dev || one.optional || one.devOptional) return [];
      return [`${one.name ?? path.split('node_modules/').at(-1)}@${one.version}`];
    }),
  );
  const components = bom.components.filter(({ name, version }) => shipped.has(`${name}@${version}`));
  const refs = new Set([bom.metadata.component['bom-ref'], ...components.map((one) => one['bom-ref'])]);
  const dependencies = bom.dependencies
    .filter(({ ref }) => refs.has(ref))
    .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((one) => refs.has(one)) }));
  return { ...bom, components, dependencies };
}
