import type { Mutant } from './mutants.ts';

interface Equivalent {
  file: string;
  /** The line as it stands, without its indentation: lines move. */
  code: string;
  /** As the report says it. */
  what: string;
  /** Why no caller can tell the mutant from the code. */
  why: string;
}

/** Mutants that change nothing anybody could notice. Each was looked at; a guess has no place here. */
const EQUIVALENTS: readonly Equivalent[] = [
  {
    file: 'lib/storage/records/metadata.ts',
    code: 'return record.history.reduce((newest, { at }) => (at > newest ? at : newest), record.event.at);',
    what: 'at > newest: > -> >=',
    why: 'of two equal times either is the newest',
  },
  {
    file: 'lib/storage/blob-lease.ts',
    code: 'heldUntil = 0;',
    what: 'heldUntil = 0; left out',
    why: 'an ended lease answers 0 by isEnded, and a renewal of it changes nothing',
  },
];

export function isEquivalent({ file, code, what }: Mutant): boolean {
  return EQUIVALENTS.some((one) => one.file === file && one.code === code && one.what === what);
}
