import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { compileOverlays } from '../../lib/overlays/template/compile.ts';
import { explainTokens } from '../../lib/overlays/findings.ts';
import { findKustomize } from '../kustomize/find-kustomize.ts';
import { localSettings } from './local-settings.ts';

export interface OverlaySettings {
  /** MANIFESTS_DIR; relative to the project. */
  manifestsDir: string;
  /** OVERLAYS. */
  overlays: readonly string[];
}

/** What the demo and the tests use, whatever the settings of this checkout's user are. */
export const SHIPPED_OVERLAYS: OverlaySettings = { manifestsDir: 'manifests', overlays: ['feature', 'azure-feature'] };

/** MANIFESTS_DIR and OVERLAYS from the environment, else from local.settings.json, else the shipped ones. */
export async function overlaySettings(root: string): Promise<OverlaySettings> {
  const values = await localSettings(root);
  const setting = (name: string, fallback: string) => (process.env[name] ?? values[name])?.trim() || fallback;
  const overlays = setting('OVERLAYS', SHIPPED_OVERLAYS.overlays.join()).split(',');
  const manifestsDir = setting('MANIFESTS_DIR', SHIPPED_OVERLAYS.manifestsDir);
  return { manifestsDir, overlays: overlays.map((name) => name.trim()).filter(Boolean) };
}

/** Builds the overlays with the project's kustomize into one JSON file; throws what names the overlay at fault. */
export async function compileAppOverlays(options: {
  root: string;
  overlays: OverlaySettings;
  outFile: string;
  explain?: boolean;
  log: (line: string) => void;
}): Promise<void> {
  const { root, overlays, outFile, explain = false, log } = options;
  const kustomize = await findKustomize({ log });
  const manifestsDir = resolve(root, overlays.manifestsDir);
  const own = join(root, 'manifests', 'cluster', 'settings.env');
  const policySettings = existsSync(own) ? own : `${own}.sample`;
  const compiled = await compileOverlays({
    manifestsDir,
    overlays: overlays.overlays,
    kustomize,
    policySettings,
    outFile,
    warn: log,
  });
  if (explain) for (const line of explainTokens(compiled.overlays)) log(line);
}
