import { describe, expect, it } from '@jest/globals';
import { ProvisionerError, toHostError, toLogFields } from '../../lib/errors.ts';
import { toLog } from '../../lib/log.ts';
import { hideSecrets, keepSecret, keepToken, toSafeLine } from '../../lib/secrets.ts';

const SECRET = 'planted "secret" of/a+peer?';
keepSecret(SECRET);
keepSecret('postgres');

describe('a secret that a peer echoes', () => {
  it.each([
    ['as it is', SECRET],
    ['in JSON', JSON.stringify({ said: SECRET })],
    ['in a URL', encodeURIComponent(SECRET)],
    ['in base64', Buffer.from(SECRET).toString('base64')],
    ['in base64 after one byte', Buffer.from(`x${SECRET}y`).toString('base64')],
    ['in base64 after two', Buffer.from(`xx${SECRET}yy`).toString('base64')],
    ['in base64 for URLs', Buffer.from(`x${SECRET}`).toString('base64url')],
  ])('is hidden: %s', (_how, text) => {
    const safe = hideSecrets(`before ${text} after`);

    expect(safe).toMatch(/^before .*\*\*\*.* after$/);
    for (const offset of [0, 1, 2]) {
      const inside = Buffer.concat([Buffer.alloc(offset), Buffer.from(SECRET)]).toString('base64');
      expect(safe).not.toContain(inside.slice(4, 24));
    }
    expect(safe).not.toContain('planted');
  });

  it.each([
    ['Authorization: Bearer abcdefghijklmnop0123456789', 'Authorization: Bearer ***'],
    ['as SharedKey account:abcdefghijklmno0=, it', 'as SharedKey ***, it'],
    ['a JWT eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln.', 'a JWT ***.'],
    ['AccountKey=abcdef==;x', 'AccountKey=***;x'],
    ['https://x/y?sv=1&sig=abc%2Fdef&se=2', 'https://x/y?sv=1&sig=***&se=2'],
    ['ghp_abcdefghijklmnopqrstuvwxyz, github_pat_abcdefghijklmnopqrstuvwxyz', '***, ***'],
  ])('is hidden by its look, and nothing around it: %s', (text, safe) => {
    expect(hideSecrets(text)).toBe(safe);
  });

  it.each([
    'Authorization: Bearer abcdefghijklmnop0123456789',
    'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln',
    'AccountKey=abcdef==;x',
    'https://x/y?sv=1&sig=abc%2Fdef&se=2',
    'ghp_abcdefghijklmnopqrstuvwxyz',
  ])('is hidden where only its look tells it: %s', (text) => {
    expect(hideSecrets(text)).toContain('***');
    expect(hideSecrets(text)).not.toMatch(/abcdef|c2ln|abc%2F/);
  });

  it('is hidden whole where another one begins it', () => {
    keepSecret('the-first-secret');
    keepSecret('the-first-secret-and-more');

    expect(hideSecrets('the-first-secret-and-more')).toBe('***');
  });

  it('is hidden though many tokens have come since', () => {
    for (let n = 0; n < 300; n += 1) keepToken(`a-token-of-an-hour-${n}`);

    expect(hideSecrets(`before ${SECRET} after`)).toBe('before *** after');
    expect(hideSecrets('a-token-of-an-hour-299')).toBe('***');
  });

  it('is hidden where it has lines of its own', () => {
    keepSecret('first line of a key\nsecond line of a key');

    expect(toSafeLine('said: first line of a key\n second line of a key')).toBe('said: ***');
    expect(hideSecrets('said: first line of a key\nsecond line of a key')).toBe('said: ***');
  });

  it.each([
    [200, 'a-token-of-an-hour-ago', '***'],
    [201, 'a-token-of-yesterday', 'a-token-of-yesterday'],
  ])('is known after %i others have come, where it is a token: %s', (others, token, shown) => {
    for (let n = 0; n < 200; n += 1) keepToken(`fills-the-list-for-${token}-${n}`);
    keepToken(token);
    for (let n = 0; n < others; n += 1) keepToken(`comes-after-${token}-${n}`);

    expect(hideSecrets(token)).toBe(shown);
  });

  it('is noted once, whichever of the two it is noted as, and is known without the blanks around it', () => {
    keepSecret(' kept-with-blanks \n');
    keepToken('kept-with-blanks');
    for (let n = 0; n < 202; n += 1) keepToken(`another-token-of-many-${n}`);
    expect(hideSecrets('say kept-with-blanks, no more')).toBe('say ***, no more');

    keepToken('noted-as-a-token');
    for (let n = 0; n < 199; n += 1) keepToken(`one-more-token-of-many-${n}`);
    keepToken('noted-as-a-token');
    expect(hideSecrets('noted-as-a-token')).toBe('***');
  });

  it('takes no place among the tokens where it is kept anyway', () => {
    for (let n = 0; n < 200; n += 1) keepToken(`fills-the-list-once-more-${n}`);
    keepToken('the-oldest-of-200-tokens');
    for (let n = 0; n < 199; n += 1) keepToken(`fills-the-rest-of-it-${n}`);
    keepToken(SECRET);
    keepToken('the-newest-of-201-tokens');
    expect(hideSecrets('the-oldest-of-200-tokens')).toBe('***');
  });

  it.each([undefined, '', '   ', 'short'])('is not what is none: %p', (value) => {
    keepSecret(value);
    keepToken(value);
    expect(hideSecrets('a short text')).toBe('a short text');
  });

  // 15, 16 and 17 bytes: each ends at another digit
  it.each([
    ['', '?>~?>~?>~?>~?>~', '***'],
    ['x', '?>~?>~?>~?>~?>~', 'eD***g=='],
    ['xx', '?>~?>~?>~?>~?>~', 'eHg***4='],
    ['', 'and-of-one-more-', '***Q=='],
    ['x', 'and-of-one-more-', 'eG***0='],
    ['xx', 'and-of-one-more-', 'eHh***'],
    ['', 'of-another-length', '***g='],
    ['x', 'of-another-length', 'eG***'],
    ['xx', 'of-another-length', 'eHh***A=='],
  ])('is hidden in base64 but for the digits that its neighbours share: after %j, %s', (before, secret, shown) => {
    keepSecret(secret);
    const text = Buffer.from(`${before}${secret}`).toString('base64');
    expect(hideSecrets(text)).toBe(shown);
    expect(hideSecrets(text.replaceAll('+', '-').replaceAll('/', '_'))).toBe(shown);
    expect(decodeURIComponent(hideSecrets(encodeURIComponent(text)))).toBe(shown);
  });

  it('is hidden in JSON and in a URL, where half a character stands in it', () => {
    const secret = 'half a \ud800 "character"';
    keepSecret(secret);
    expect(hideSecrets(JSON.stringify([secret]))).toBe('["***"]');
    expect(hideSecrets(encodeURIComponent(secret.toWellFormed()))).toBe('***');
  });

  it('takes no plain words for one', () => {
    const plain = 'ServiceAccount postgres-service-account: Bearer authentication is required, password is missing';

    expect(hideSecrets(plain)).toBe(plain);
  });

  it('is hidden in the words of a failure, which are one line, and in whatever is logged', () => {
    const error = new ProvisionerError('rejected', `it said\n\tno: ${SECRET}\u0000`, { object: 'Secret/x/y' });
    const lines: string[] = [];
    const log = toLog({ info: () => {}, warn: () => {}, error: (line) => void lines.push(String(line)) });
    log.error('failed', { said: SECRET });

    expect(error.message).toBe('it said no: ***');
    expect(toSafeLine(`a\r\n${SECRET}`)).toBe('a ***');
    expect(lines).toEqual(['failed {"said":"***"}']);
    expect(toLogFields(error)).toEqual({
      code: 'rejected',
      message: 'it said no: ***',
      object: 'Secret/x/y',
      fix: expect.stringMatching(/\S/) as unknown,
    });
  });

  it('is not in what the host gets to log of a throw, nor is a stack or a cause', () => {
    const error = toHostError(new ProvisionerError('unavailable', 'no answer', { cause: new Error(SECRET) }));

    expect(error.stack).toBe('Error: unavailable: no answer');
    expect(error.cause).toBeUndefined();
  });
});

it.each([
  ['twelve-chars', '***'],
  ['eleven-char', 'eleven-char'],
])('a secret is hidden from twelve characters on, since shorter ones are words: %s', (secret, shown) => {
  keepSecret(secret);
  expect(hideSecrets(`said ${secret} twice`)).toBe(`said ${shown} twice`);
});
