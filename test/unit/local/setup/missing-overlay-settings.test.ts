import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { missingOverlaySettings } from '../../../../local/setup/missing-overlay-settings.ts';

const OBJECT = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'x' },
  data: { host: 'BRANCH_NAME.OVERLAY_DOMAIN', vault: 'OVERLAY_KEYVAULT_NAME', again: 'OVERLAY_KEYVAULT_NAME' },
};

let dir: string;
let file: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'overlays-'));
  file = join(dir, 'overlays.json');
  const overlays = [{ name: 'feature', objects: [OBJECT], defaults: { OVERLAY_DOMAIN: 'example.com' } }];
  await writeFile(file, JSON.stringify({ v: 1, hash: 'h', overlays }));
});

afterAll(() => rm(dir, { recursive: true }));

describe('missingOverlaySettings', () => {
  it.each([
    [{}, ['OVERLAY_KEYVAULT_NAME is missing: overlay feature has no default for it']],
    [{ OVERLAY_KEYVAULT_NAME: ' ' }, ['OVERLAY_KEYVAULT_NAME is missing: overlay feature has no default for it']],
    [{ OVERLAY_KEYVAULT_NAME: 'team' }, []],
  ])('names once what neither the settings %j nor the defaults give', (settings, missing) => {
    expect(missingOverlaySettings(file, settings)).toEqual(missing);
  });
});
