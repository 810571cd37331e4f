import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The Values of local.settings.json, none where there is no such file; throws when it can't be read as JSON. */
export async function localSettings(root: string): Promise<Record<string, string>> {
  const file = join(root, 'local.settings.json');
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) return {};
  try {
    return (JSON.parse(text) as { Values?: Record<string, string> }).Values ?? {};
  } catch (error) {
    throw new Error(`${file} is not JSON: ${(error as Error).message}`, { cause: error });
  }
}
