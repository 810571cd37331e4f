import { describe, expect, it } from '@jest/globals';
import { checkBranchName } from '../../../../lib/intake/webhook/ref-name.ts';

describe('checkBranchName', () => {
  it.each(['ex-c4-e6', 'Feature/Login', '-dash', '🚀', 'a'.repeat(255), 'a.b', 'a@b', 'refs/heads/x', 'ünï'])(
    'takes %j',
    (name) => {
      expect(checkBranchName(name)).toBeUndefined();
    },
  );

  it.each<[unknown, string]>([
    [undefined, 'missing'],
    [null, 'missing'],
    ['', 'empty'],
    [7, 'not a string'],
    [['a'], 'not a string'],
    ['a'.repeat(256), 'over 255 bytes'],
    ['é'.repeat(128), 'over 255 bytes'],
    ['a..b', '".."'],
    ['a\u0000b', 'control'],
    ['a\u007f', 'control'],
    ['a\nb', 'control'],
    ['a b', '" "'],
    ['a~b', '"~"'],
    ['a^b', '"^"'],
    ['a:b', '":"'],
    ['a?b', '"?"'],
    ['a*b', '"*"'],
    ['a[b', '"["'],
    ['a\\b', '"\\\\"'],
    ['a@{b', '"@{"'],
    ['@', '"@"'],
    ['/a', 'slash'],
    ['a/', 'slash'],
    ['a//b', 'slash'],
    ['.a', 'dot'],
    ['a/.b', 'dot'],
    ['a.', 'dot'],
    ['a.lock', '.lock'],
    ['a.lock/b', '.lock'],
    ['a\ud800', 'Unicode'],
  ])('refuses %j, saying what is wrong', (name, words) => {
    expect(checkBranchName(name)).toContain(words);
  });
});
