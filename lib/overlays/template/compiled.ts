import { readFileSync } from 'node:fs';
import { ProvisionerError } from '../../errors.ts';
import { parseExact } from '../../exact-json.ts';
import type { KubeObject } from '../../environment/ports/cluster.ts';

export interface CompiledOverlay {
  /** As OVERLAYS names it. */
  name: string;
  objects: KubeObject[];
  /** The OVERLAY_ lines of the `defaults.env` beside the overlay's kustomization. */
  defaults: Record<string, string>;
}

/** The output of the build: run time needs neither kustomize nor YAML. */
export interface Compiled {
  v: 1;
  /** Digest of the overlays, 64 hex digits. When it changes, environments are applied again. */
  hash: string;
  overlays: CompiledOverlay[];
  /** What the build warned of, for the records; not part of the hash. */
  warnings?: string[];
  /** What manifests/cluster/settings.env admits beside ClusterIP and no external name at all. */
  policies?: { serviceTypes: string[]; externalNames: string[] };
}

/** Reads what the build wrote; throws `settings` where it is missing or of another version. */
export function loadCompiled(file: string): Compiled {
  const fix = 'Run `npm run build`.';
  let compiled: Partial<Compiled>;
  try {
    compiled = parseExact(readFileSync(file, 'utf8')) as Partial<Compiled>;
  } catch (cause) {
    throw new ProvisionerError('settings', `the compiled overlays ${file} cannot be read. ${fix}`, { fix, cause });
  }
  if (compiled.v !== 1 || typeof compiled.hash !== 'string' || !Array.isArray(compiled.overlays)) {
    throw new ProvisionerError('settings', `${file} does not hold compiled overlays of version 1. ${fix}`, { fix });
  }
  return compiled as Compiled;
}
