import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { localSettings } from '../../../../local/build/local-settings.ts';

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'settings-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const read = async (text: string) => {
  await writeFile(join(root, 'local.settings.json'), text);
  return localSettings(root);
};

describe('local.settings.json', () => {
  it('gives its Values, and none where there is no file', async () => {
    expect(await localSettings(root)).toEqual({});
    expect(await read('{"Values":{"MODE":"observe"}}')).toEqual({ MODE: 'observe' });
  });

  it.each<[string, string, string]>([
    [
      'a number',
      '{"Values":{"MAX_ENVIRONMENTS":5}}',
      'MAX_ENVIRONMENTS must be a quoted string: "MAX_ENVIRONMENTS": "5"',
    ],
    ['a truth value', '{"Values":{"SWEEP_CREATES":true}}', 'SWEEP_CREATES must be a quoted string'],
    ['a comment', '{\n  // mine\n  "Values":{}}', 'comments are not allowed in JSON'],
    ['half a file', '{"Values":', 'is not JSON'],
  ])('with %s is refused with what to write instead', async (_, text, words) => {
    await expect(read(text)).rejects.toThrow(words);
  });
});
