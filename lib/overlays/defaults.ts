import { ProvisionerError } from '../errors.ts';

/**
 * The lines NAME=value of a `defaults.env`; `#` begins a comment line. A value keeps its quotes and loses the white space
 * around it. Throws `render` for a line whose name is not a placeholder's.
 */
export function parseDefaults(text: string, overlay: string): Record<string, string> {
  const defaults = new Map<string, string>();
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (/^\s*(#|$)/.test(line)) continue;
    const [, name, value] = /^\s*(OVERLAY_[A-Z0-9]+(?:_[A-Z0-9]+)*)\s*=(.*)$/.exec(line) ?? [];
    const where = `defaults.env of overlay ${overlay}, line ${index + 1}`;
    if (name === undefined || value === undefined) {
      throw new ProvisionerError('render', `${where}: expected OVERLAY_NAME=value, upper case`);
    }
    if (defaults.has(name)) throw new ProvisionerError('render', `${where}: ${name} is there twice`);
    defaults.set(name, value.trim());
  }
  return Object.fromEntries(defaults);
}
