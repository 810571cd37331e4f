import { describe, expect, it } from '@jest/globals';
import { parseExact, stringifyExact } from '../../lib/exact-json.ts';
import { isObject } from '../../lib/is-object.ts';

describe('JSON with large integers', () => {
  it.each([
    ['9007199254740991', Number.MAX_SAFE_INTEGER],
    ['9007199254740992', 9007199254740992n],
    ['9007199254740993', 9007199254740993n],
    ['-9007199254740993', -9007199254740993n],
    ['123456789012345678901234567890', 123456789012345678901234567890n],
    ['1234567890123456.5', 1234567890123456.5],
    ['12345678901234567.5', 12345678901234567.5],
    ['1e300', 1e300],
    ['0.1234567890123456789', 0.1234567890123456789],
    ['"9007199254740993"', '9007199254740993'],
    ['null', null],
  ])('reads %s with all of its digits, and as a bigint only where a number would round', (text, value) => {
    expect(parseExact(text)).toBe(value);
  });

  it('leaves what stands beside one as it is', () => {
    const text = '{"id":9007199254740993,"n":1,"half":1.5,"list":[1,9007199254740995,"1",true,null],"far":1e400}';
    const value = {
      ...{ id: 9007199254740993n, n: 1, half: 1.5, far: Infinity },
      list: [1, 9007199254740995n, '1', true, null],
    };
    expect(parseExact(text)).toStrictEqual(value);
  });

  it('is written with the same digits', () => {
    const text = '{"b":9007199254740993,"a":[1,{"d":null,"c":-123456789012345678901}]}';
    expect(stringifyExact(parseExact(text))).toBe(text);
    expect(stringifyExact({ id: 9007199254740993n }, { indent: 2 })).toBe('{\n  "id": 9007199254740993\n}');
  });

  it('sorts the keys of maps at every depth where that is asked for, and never a list', () => {
    const value = { b: [3, 1, 2, { z: null, y: 1n }], a: { d: 'x', c: null, e: false }, B: 0 };
    expect(stringifyExact(value, { sortKeys: true })).toBe(
      '{"B":0,"a":{"c":null,"d":"x","e":false},"b":[3,1,2,{"y":1,"z":null}]}',
    );
    expect(stringifyExact(value)).toBe('{"b":[3,1,2,{"z":null,"y":1}],"a":{"d":"x","c":null,"e":false},"B":0}');
  });
});

it.each<[unknown, boolean]>([
  [{}, true],
  [{ a: 1 }, true],
  [[], false],
  [null, false],
  [undefined, false],
  ['text', false],
  [7, false],
])('%j is a JSON object: %p', (value, expected) => {
  expect(isObject(value)).toBe(expected);
});
