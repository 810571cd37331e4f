import { loadCompiled } from '../../lib/overlays/template/compiled.ts';
import { findTokens } from '../../lib/overlays/tokens.ts';
import type { Env } from '../../lib/settings.ts';

/** What the built overlays want of the settings and have no default for; without it no branch is rendered. */
export function missingOverlaySettings(file: string, settings: Env): string[] {
  return loadCompiled(file).overlays.flatMap(({ name, objects, defaults }) => {
    const tokens = new Set(findTokens(JSON.stringify(objects)).filter((token) => token.startsWith('OVERLAY_')));
    return [...tokens]
      .filter((token) => !settings[token]?.trim() && defaults[token] === undefined)
      .map((token) => `${token} is missing: overlay ${name} has no default for it`);
  });
}
