import { describe, expect, it } from '@jest/globals';
import { hideSecrets, keepSecret, keepToken, toSafeLine } from '../../lib/secrets.ts';

const SECRET = 'planted "secret" of/a+peer?';
keepSecret(SECRET);

describe('a kept secret', () => {
  it('goes from JSON and from a URL to its last character, and nothing beside it', () => {
    const around = `x${SECRET}y`;
    expect(hideSecrets(JSON.stringify({ said: around }))).toBe('{"said":"x***y"}');
    expect(hideSecrets(encodeURIComponent(around))).toBe('x***y');
    expect(hideSecrets(around)).toBe('x***y');
  });

  // a digit that neighbours share tells at most 5 bits
  it.each([0, 1, 2])('goes from base64 after %i bytes but for the digits that it shares', (before) => {
    const text = Buffer.from(`${'-'.repeat(before)}${SECRET}----`).toString('base64');
    const shared = { head: Math.ceil((before * 8) / 6), end: Math.floor(((before + SECRET.length) * 8) / 6) };
    const expected = `${text.slice(0, shared.head)}***${text.slice(shared.end)}`;
    expect(hideSecrets(text)).toBe(expected);
    expect(hideSecrets(encodeURIComponent(text))).toBe(
      `${encodeURIComponent(text.slice(0, shared.head))}***${encodeURIComponent(text.slice(shared.end))}`,
    );
    const forUrls = (part: string): string => part.replaceAll('+', '-').replaceAll('/', '_');
    expect(hideSecrets(forUrls(text))).toBe(forUrls(expected));
  });

  it('goes as it is and in JSON where it has lines of its own', () => {
    const lines = 'one line of a key\nanother line of it';
    keepSecret(lines);
    expect(hideSecrets(`x${lines}y`)).toBe('x***y');
    expect(hideSecrets(JSON.stringify(`x${lines}y`))).toBe('"x***y"');
    expect(toSafeLine(` x ${lines} y `)).toBe('x *** y');
  });

  it('may hold half a character, which no URL can', () => {
    const half = 'half a character \ud83d of a key';
    keepSecret(half);
    expect(hideSecrets(`x${half}y`)).toBe('x***y');
  });

  it('has no blanks around it, as settings have', () => {
    keepSecret('  blanks-around-it \n');
    expect(hideSecrets('xblanks-around-ity')).toBe('x***y');
  });

  it('may be absent', () => {
    keepSecret(undefined);
    keepToken(undefined);
    expect(hideSecrets('undefined')).toBe('undefined');
  });

  it('stays hidden though it came as a token first, and more tokens than are kept have come since', () => {
    keepToken('first-a-token-then-a-setting');
    keepSecret('first-a-token-then-a-setting');
    for (let n = 0; n < 250; n += 1) keepToken(`a-token-since-then-${n}`);
    expect(hideSecrets('x first-a-token-then-a-setting')).toBe('x ***');
  });
});

describe('a token', () => {
  it('is hidden until 200 others have come, and let go then, since it has ended by then', () => {
    for (let n = 0; n < 200; n += 1) keepToken(`a-token-of-before-${n}`);
    keepToken('the-token-of-the-hour');
    const isHidden = (): boolean => hideSecrets('the-token-of-the-hour') === '***';
    for (let n = 0; n < 199; n += 1) keepToken(`another-token-since-${n}`);
    // once more of one that is known changes nothing
    keepToken('another-token-since-7');
    expect(isHidden()).toBe(true);
    keepToken('another-token-since-199');
    expect(isHidden()).toBe(true);
    keepToken('another-token-since-200');
    expect(isHidden()).toBe(false);
  });
});

describe('what looks like a credential', () => {
  it.each([
    ['authorization: Bearer  abcdefghij012345', 'authorization: Bearer ***'],
    ['Basic YWJjZGVmZ2hpams6bG1ub3BxMTIz', 'Basic ***'],
    ['SharedKey shop:abcdefghijklm123=', 'SharedKey ***'],
    ['x eyJhbGciOiJI.eyJzdWI.c2ln y', 'x *** y'],
    ['AccountKey=abc;EndpointSuffix=x', 'AccountKey=***;EndpointSuffix=x'],
    ['https://b.test/c?sv=1&SIG=abc%2F&se=2', 'https://b.test/c?sv=1&SIG=***&se=2'],
    ['client_secret=abc password=def', 'client_secret=*** password=***'],
    ['x github_pat_abcdefghijklmnopqrst y', 'x *** y'],
    ['x ghs_abcdefghijklmnopqrst y', 'x *** y'],
  ])('goes, and its name stays: %s', (text, expected) => {
    expect(hideSecrets(text)).toBe(expected);
  });
});
