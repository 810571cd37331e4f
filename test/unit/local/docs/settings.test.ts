import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { readEnvironmentSettings, readIntakeSettings } from '../../../../lib/config.ts';
import { CREDENTIAL_NAME_TEMPLATE } from '../../../../lib/environment/model/names.ts';
import { projectRoot } from '../../../../local/build/build.ts';
import { SETTINGS } from '../../../../local/docs/settings-table.ts';
import { parsedSettings, toSettingsPage } from '../../../../local/docs/settings.ts';

/** What a formatter may change. */
const rows = (page: string): string[] =>
  page.split('\n').map((line) => line.replaceAll(/ +\|/g, ' |').replaceAll(/\| +/g, '| ').replaceAll(/-{3,}/g, '---'));

const plain = (settings: object): object => JSON.parse(JSON.stringify(settings)) as object;

describe('docs/settings.md', () => {
  it('is what `npm run docs` writes of the settings that the code parses', async () => {
    const page = await readFile(join(projectRoot, 'docs', 'settings.md'), 'utf8');

    expect(rows(page)).toEqual(rows(toSettingsPage(parsedSettings())));
  });

  it('has a sentence for every setting that the code asks for', () => {
    expect(parsedSettings().length).toBeGreaterThan(30);
    expect(parsedSettings().filter((name) => SETTINGS[name] === undefined)).toEqual([]);
  });

  it('refuses to leave out a setting that nobody described', () => {
    expect(() => toSettingsPage(['NEWEST_SETTING'])).toThrow(/no sentence .* for NEWEST_SETTING/);
  });

  it('states the defaults that hold: written out, each changes nothing', () => {
    const written = Object.fromEntries(
      parsedSettings()
        .map((name) => [name, SETTINGS[name]?.fallback ?? '('] as const)
        .filter(([, fallback]) => !fallback.startsWith('(')),
    );

    const template = { credentialName: CREDENTIAL_NAME_TEMPLATE };
    expect(plain(readIntakeSettings(written))).toEqual(plain(readIntakeSettings({})));
    expect(plain(readEnvironmentSettings(written))).toEqual({ ...plain(readEnvironmentSettings({})), ...template });
    expect(Object.keys(written).length).toBeGreaterThan(8);
  });
});
