/** Begins every secret that the tests plant; it looks different in a URL, in JSON with escapes and in base64. */
export const MARK = 'planted+secret/';

const ACCOUNT = Buffer.from(`${MARK}storage-account-key`).toString('base64');

/** Wherever the app, or a peer that it is sent to, could come by one. */
export const PLANTED = {
  githubToken: `${MARK}github-token`,
  webhookSecret: `${MARK}webhook`,
  previousSecret: `${MARK}webhook-before`,
  /** Base64, as Azure's are. */
  accountKey: ACCOUNT,
  overlay: `${MARK}kubernetes "quoted"`,
  identityHeader: `${MARK}identity-header`,
  tokens: { admin: `${MARK}token-admin`, provisioner: `${MARK}token-1`, deprovisioner: `${MARK}token-2` },
} as const;

/** What a peer that quotes everything says: the call's own authorization, and all that it may know from elsewhere. */
export function echoAll(headers: NodeJS.Dict<string | string[]>): string {
  const { tokens, identityHeader, ...others } = PLANTED;
  // where there is no token endpoint, there is no key to it
  const header = process.env['IDENTITY_HEADER'] === identityHeader ? [identityHeader] : [];
  const secrets = [...header, ...Object.values(others), ...Object.values(tokens)];
  const encoded = [encodeURIComponent(PLANTED.overlay), Buffer.from(PLANTED.overlay).toString('base64')];
  return [`Authorization: ${String(headers.authorization)}`, ...secrets, ...encoded].join(' ');
}

/** How the mark shows in a text that holds a secret: as it is, escaped, or in base64 at any of three offsets. */
const FORMS: readonly string[] = [
  MARK,
  encodeURIComponent(MARK),
  encodeURIComponent(MARK).toLowerCase(),
  encodeURIComponent(encodeURIComponent(MARK)),
  MARK.replace('/', '\\/'),
  MARK.replace('+', '\\u002b'),
  ...[0, 1, 2].flatMap((offset) => {
    const base64 = insideBase64(offset);
    return [base64, encodeURIComponent(base64), base64.replaceAll('+', '-').replaceAll('/', '_')];
  }),
];

/** The form of a planted secret that the text holds; undefined where it holds none. */
export function findPlanted(text: string): string | undefined {
  return FORMS.find((form) => text.includes(form));
}

/** Without the digits that what stands before and after has a part in. */
function insideBase64(offset: number): string {
  const encoded = Buffer.concat([Buffer.alloc(offset), Buffer.from(MARK)]).toString('base64');
  return encoded.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + MARK.length) * 8) / 6));
}
