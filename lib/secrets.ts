/** Shorter ones are words that texts hold anyway. */
const SHORTEST = 12;
/** Tokens are replaced within hours; so many are far more than one process has at a time. */
const MOST = 200;
const HIDDEN = '***';

/** The app's own secrets, with the forms in which a text may quote each. */
const kept = new Map<string, readonly string[]>();
/** Tokens, which come and go: they must not push out what stays. */
const passing = new Map<string, readonly string[]>();
/** Of all of them, the longest first: one secret may begin another. */
let allForms: readonly string[] = [];

/** Notes a secret where it enters the process, so that `toSafeLine` finds it in the words of peers, which may echo it. */
export function keepSecret(value: string | undefined): void {
  note(kept, value);
}

/** The same for a token, which is forgotten when many others have come since. */
export function keepToken(value: string | undefined): void {
  note(passing, value);
  const [oldest] = passing.keys();
  if (passing.size > MOST && oldest !== undefined) passing.delete(oldest);
}

function note(among: Map<string, readonly string[]>, value: string | undefined): void {
  const secret = value?.trim() ?? '';
  if (secret.length < SHORTEST || kept.has(secret) || among.has(secret)) return;
  among.set(secret, toForms(secret));
  allForms = [...kept.values(), ...passing.values()].flat().sort((one, other) => other.length - one.length);
}

/** One line without secrets: for every text that comes from elsewhere and goes into a record, a log or an answer. */
export function toSafeLine(text: string): string {
  return hideSecrets(text.replace(/[\s\p{Cc}]+/gu, ' ').trim());
}

/** The text without the secrets that this process knows, nor what looks like one. */
export function hideSecrets(text: string): string {
  let safe = text;
  for (const form of allForms) if (safe.includes(form)) safe = safe.replaceAll(form, HIDDEN);
  for (const [pattern, instead] of LOOKS_SECRET) safe = safe.replace(pattern, instead);
  return safe;
}

/** What tells a credential whoever it belongs to; each wants a digit, so that prose about them stays. */
const LOOKS_SECRET: readonly [RegExp, string][] = [
  [/\b(Bearer|Basic|SharedKey|SharedKeyLite|token) +(?=\S*\d)[\w.:~+/=-]{16,}/gi, `$1 ${HIDDEN}`],
  // not from within a word: each start would be searched to the end
  [/(?<![\w-])eyJ[\w-]{8,}\.[\w-]+\.[\w-]*/g, HIDDEN],
  [/\b(AccountKey|SharedAccessSignature|sig|client_secret|password)=[^;&\s"'\\]+/gi, `$1=${HIDDEN}`],
  [/\b(gh[pousr]_|github_pat_)\w{20,}/g, HIDDEN],
];

function toForms(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const base64 = [0, 1, 2].map((offset) => insideBase64(bytes, offset));
  // texts are made one line before they are searched
  const oneLine = secret.replace(/[\s\p{Cc}]+/gu, ' ');
  const forms = [
    secret,
    oneLine,
    encodeURIComponent(secret.toWellFormed()),
    JSON.stringify(secret).slice(1, -1),
    ...base64,
  ];
  const forUrls = base64.flatMap((form) => [encodeURIComponent(form), form.replaceAll('+', '-').replaceAll('/', '_')]);
  return [...new Set([...forms, ...forUrls])];
}

/** How the bytes show in base64 of something that holds them at an offset: without the digits that neighbours share. */
function insideBase64(bytes: Buffer, offset: number): string {
  const encoded = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64');
  const digitsOf = (length: number): number => (length * 8) / 6;
  return encoded.slice(Math.ceil(digitsOf(offset)), Math.floor(digitsOf(offset + bytes.length)));
}
