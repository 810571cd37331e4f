import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { format } from 'prettier';
import { projectRoot } from '../build/build.ts';
import { parsedSettings, toSettingsPage } from './settings.ts';

const style = JSON.parse(await readFile(join(projectRoot, '.prettierrc.json'), 'utf8')) as object;
const page = await format(toSettingsPage(parsedSettings()), { ...style, parser: 'markdown' });
await writeFile(join(projectRoot, 'docs', 'settings.md'), page);
console.log('Wrote docs/settings.md');
