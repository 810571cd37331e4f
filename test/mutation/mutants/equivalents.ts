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
    file: 'lib/intake/workflow/workflow.ts',
    code: 'const end = deps.clock.now() + options.seconds * 1_000;',
    what: 'options.seconds * 1_000: 1_000 -> it + 1',
    why: 'a wait of up to 60 s ends at most 60 ms later, and the next look is a whole second away',
  },
  {
    file: 'lib/secrets.ts',
    code: 'for (const form of allForms) if (safe.includes(form)) safe = safe.replaceAll(form, HIDDEN);',
    what: 'safe.includes(form) -> true',
    why: 'replacing what is not there changes nothing, and only takes twice as long',
  },
  {
    file: 'lib/exact-json.ts',
    code: 'if (!MAY_BE_UNSAFE.test(text)) return JSON.parse(text) as unknown;',
    what: '!MAY_BE_UNSAFE.test(text) -> false',
    why: 'the slower way reads a text without 16 digits in a row to the same value',
  },
  {
    file: 'lib/identity/inspect.ts',
    code: 'const look = await lookAt(context, identityId, { deadline });',
    what: 'deadline left out',
    why: 'without it the same deadline counts, from the same moment',
  },
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
  {
    file: 'lib/storage/blob-lease.ts',
    code: 'heldUntil = 0;',
    what: 'heldUntil = 0: 0 -> it + 1',
    why: 'an ended lease answers 0 by isEnded, whatever it was held until',
  },
  {
    file: 'lib/storage/records/metadata.ts',
    code: 'stopped: record.stop === undefined ? undefined : 1,',
    what: 'record.stop === undefined ? undefined : 1: 1 -> it + 1',
    why: 'only that the key is there is read',
  },
  {
    file: 'lib/storage/records/metadata.ts',
    code: 'untold: record.github?.isPending === true || record.comments?.isPending === true ? 1 : undefined,',
    what: 'record.github?.isPending === true || record.comments?.isP...: 1 -> it + 1',
    why: 'only that the key is there is read',
  },
  {
    file: 'lib/storage/repository-ids.ts',
    code: 'throw wrong();',
    what: 'throw wrong(); left out',
    why: 'what could not be parsed stays undefined, and the check of its parts throws the same',
  },
  {
    file: 'lib/page/quantity.ts',
    code: 'E: 1e18,',
    what: 'E: 1e18: 1e18 -> it + 1',
    why: 'a double has no place for the one: it is the same number',
  },
  {
    file: 'lib/sweep/each.ts',
    code: 'for (let first = 0; first < items.length; first += SIDE_BY_SIDE) {',
    what: 'first < items.length: < -> <=',
    why: 'one batch more, and that one is empty',
  },
  {
    file: 'lib/environment/model/record-event.ts',
    code: 'if (request.at > next.activityAt) next.activityAt = request.at;',
    what: 'request.at > next.activityAt: > -> >=',
    why: 'of two equal times either is written',
  },
  {
    file: 'lib/environment/model/record-event.ts',
    code: 'if (isOrdered && request.position !== same.position) return Number(request.position) < Number(same.position);',
    what: 'Number(request.position) < Number(same.position): < -> <=',
    why: 'both are numbers, and equal ones do not come here',
  },
  {
    file: 'lib/github/answer.ts',
    code: "(status === 403 && (Number(headers['x-ratelimit-remaining'] ?? 1) === 0 || headers['retry-after'] !== undefined));",
    what: "headers['x-ratelimit-remaining'] ?? 1: 1 -> it + 1",
    why: 'it is only compared with 0',
  },
  {
    file: 'lib/github/app-deliveries.ts',
    code: 'const from = Math.max(now() - KEPT_MS, since === undefined ? 0 : Date.parse(since) - OVERLAP_MS);',
    what: 'since === undefined ? 0 : Date.parse(since) - OVERLAP_MS: 0 -> it + 1',
    why: 'the greater of it and the time three days ago is that time',
  },
  {
    file: 'lib/identity/ledger/ledger.ts',
    code: 'const earlier = others.filter(({ at, slug: other }) => at < own.at || (at === own.at && other < slug));',
    what: 'other < slug: < -> <=',
    why: 'a slug has one reservation, and the own one is not among the others',
  },
  {
    file: 'lib/cluster/api/managed-fields.ts',
    code: 'for (let at = start; at < text.length; at += 1) {',
    what: 'at < text.length: < -> <=',
    why: 'in both loops: past its end a text has no character code, which equals none of those looked for',
  },
];

/** Of code that is the same wherever it stands. */
const KINDS: readonly { code: RegExp; what: RegExp; why: string }[] = [
  {
    code: /^(export )?const (\w+_)?TIMEOUT_MS = /,
    what: /-> it \+ 1$/,
    why: 'a bound on the wait for an answer, a thousandth of a second later; whether there is a bound is tested',
  },
  {
    code: /\.(sort|toSorted)\(\((one, other|a, b)\) => \(.* \? -?1 : -?1\)\)/,
    what: /^.* \? -?1 : -?1: 1 -> it \+ 1$|^-1: 1 -> it \+ 1$/,
    why: 'of what a comparison answers, only the sign counts',
  },
  {
    code: /\.(sort|toSorted)\(\(one, other\) => \(one\.name < other\.name \? -1 : 1\)\)/,
    what: /^one\.name < other\.name: < -> <=$/,
    why: 'names of environments are unique: the two that are compared differ',
  },
  {
    code: /\bmayHold\(text\) \?/,
    what: /^mayHold\(text\) -> true$/,
    why: 'it spares a search: every placeholder holds an underscore, so a text without one is searched in vain',
  },
];

export function isEquivalent({ file, code, what }: Mutant): boolean {
  return (
    EQUIVALENTS.some((one) => one.file === file && one.code === code && one.what === what) ||
    KINDS.some((kind) => kind.code.test(code) && kind.what.test(what))
  );
}
