import { toProvisionerError } from '../errors.ts';
import { type Check, failed } from './check.ts';

/** Reads each group of settings as the functions do; a fault is named by its setting, never by its value. */
export async function checkSettings(readers: Readonly<Record<string, () => unknown>>): Promise<Check[]> {
  return Object.entries(readers).map(([group, read]): Check => {
    const check = { name: `settings: ${group}`, expected: 'every setting of this group can be read' };
    try {
      read();
      return { ...check, state: 'ok', found: 'read' };
    } catch (thrown) {
      const { message, fix } = toProvisionerError(thrown);
      return failed({ ...check, found: message, fix });
    }
  });
}
