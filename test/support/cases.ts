import { join } from 'node:path';
import type { Overlays } from '../../lib/environment/ports/ports.ts';
import { compileOverlays } from '../../lib/overlays/template/compile.ts';
import { createOverlays } from '../../lib/overlays/render.ts';
import { findKustomize } from '../../local/kustomize/find-kustomize.ts';

const CASES = join(import.meta.dirname, '..', 'cases');

/** The folder of an input of test/cases. */
export function caseFolder(name: string, overlay = 'feature'): string {
  return join(CASES, name, 'overlays', overlay);
}

/** The overlays of an input of test/cases, built as the product builds them, and the lines that the build prints. */
export async function buildCase(name: string, overlay = 'feature'): Promise<{ overlays: Overlays; lines: string[] }> {
  const lines: string[] = [];
  const kustomize = await findKustomize({ log: () => undefined });
  const compiled = await compileOverlays({
    manifestsDir: join(CASES, name),
    overlays: [overlay],
    kustomize,
    warn: (line) => lines.push(line),
  });
  return { overlays: createOverlays(compiled, {}), lines };
}
