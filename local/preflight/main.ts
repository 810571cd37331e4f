import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { deps } from '../../lib/deps.ts';
import { localSettings } from '../build/local-settings.ts';
import { projectRoot } from '../build/build.ts';
import { compileAppOverlays, overlaySettings } from '../build/overlays.ts';
import { toTable } from './table.ts';

/*
 * npm run preflight               the checks of GET /api/preflight from this machine, with local.settings.json under the
 *                                 environment's own variables
 * npm run preflight -- --write    makes and deletes a namespace too, to apply every object by dry run
 */
const { values } = parseArgs({ options: { write: { type: 'boolean', default: false } } });

for (const [name, value] of Object.entries(await localSettings(projectRoot))) process.env[name] ??= value;
await compileAppOverlays({
  root: projectRoot,
  overlays: await overlaySettings(projectRoot),
  outFile: join(projectRoot, 'dist', 'overlays.json'),
  log: (line) => console.log(line),
});
const { verdict, checks } = await deps.preflight(values);
console.log(toTable(checks));
const count = checks.filter(({ state }) => state === 'failed').length;
console.log(verdict === 'ok' ? '\nEverything is right.' : `\n${count} of ${checks.length} checks failed.`);
process.exit(verdict === 'ok' ? 0 : 1);
