import { readFileSync } from 'node:fs';
import { ProvisionerError } from '../errors.ts';
import type { KubeObject } from '../environment/ports/cluster.ts';

export interface CompiledOverlay {
  /** As OVERLAYS names it. */
  name: string;
  objects: KubeObject[];
  /** The OVERLAY_ lines of the `defaults.env` beside the overlay's kustomization. */
  defaults: Record<string, string>;
}

/** What the build made of OVERLAYS, so that run time needs neither kustomize nor YAML. */
export interface Compiled {
  v: 1;
  /** 64 hex digits over the overlays; a change of it is what makes environments be applied again. */
  hash: string;
  overlays: CompiledOverlay[];
}

/** Reads what the build wrote; throws `settings` where it is missing or of another version. */
export function loadCompiled(file: string): Compiled {
  const fix = 'Run `npm run build`.';
  let compiled: Partial<Compiled>;
  try {
    compiled = JSON.parse(readFileSync(file, 'utf8')) as Partial<Compiled>;
  } catch (cause) {
    throw new ProvisionerError('settings', `the compiled overlays ${file} cannot be read. ${fix}`, { fix, cause });
  }
  if (compiled.v !== 1 || typeof compiled.hash !== 'string' || !Array.isArray(compiled.overlays)) {
    throw new ProvisionerError('settings', `${file} does not hold compiled overlays of version 1. ${fix}`, { fix });
  }
  return compiled as Compiled;
}
