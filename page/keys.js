/* Function keys, kept for this tab alone: in sessionStorage, never in an address. */

const PLACE = 'feature-branches.keys';

/** The functions that have a key of their own, with what each opens where its name does not say it. */
export const FUNCTIONS = [
  ['environments', 'the list and each environment'],
  ['environment-diagnosis', 'the identity chain'],
  ['environment-logs'],
  ['identities'],
  ['health-checks', 'what concerns the whole app'],
  ['provision', 'also what it would change'],
  ['deprovision', 'also what would go'],
  ['environment-keep'],
  ['sweep-now', 'also its dry run'],
];

export function readKeys() {
  try {
    const kept = JSON.parse(sessionStorage.getItem(PLACE) ?? '{}');
    return typeof kept === 'object' && kept !== null ? kept : {};
  } catch {
    return {};
  }
}

/** Keeps what is not blank. */
export function writeKeys(keys) {
  const kept = Object.fromEntries(
    Object.entries(keys)
      .map(([name, key]) => [name, String(key).trim()])
      .filter(([, key]) => key !== ''),
  );
  if (Object.keys(kept).length === 0) sessionStorage.removeItem(PLACE);
  else sessionStorage.setItem(PLACE, JSON.stringify(kept));
}

/** The function's own key, else the one for all. */
export function keyFor(name) {
  const keys = readKeys();
  return keys[name] ?? keys['all'];
}
