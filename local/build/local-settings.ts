import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The Values of local.settings.json, none where there is no such file; throws when it can't be read as JSON. */
export async function localSettings(root: string): Promise<Record<string, string>> {
  const file = join(root, 'local.settings.json');
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) return {};
  try {
    return toTexts((JSON.parse(text) as { Values?: Record<string, unknown> }).Values ?? {}, file);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const hint = /^\s*(\/\/|\/\*)/m.test(text) ? '; comments are not allowed in JSON' : '';
    throw new Error(`${file} is not JSON: ${error.message}${hint}`, { cause: error });
  }
}

/** The Functions host takes texts alone; a number would only fail later, and without a word on why. */
function toTexts(values: Record<string, unknown>, file: string): Record<string, string> {
  const wrong = Object.entries(values).filter(([, value]) => typeof value !== 'string');
  if (wrong.length === 0) return values as Record<string, string>;
  const lines = wrong.map(([name, value]) => `${name} must be a quoted string: "${name}": "${String(value)}"`);
  throw new Error(`${file}: ${lines.join('; ')}`);
}
