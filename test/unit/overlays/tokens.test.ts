import { describe, expect, it } from '@jest/globals';
import {
  findLookalikes,
  findTokens,
  mapStrings,
  nameHeldAt,
  replaceTokens,
  visitStrings,
} from '../../../lib/overlays/tokens.ts';

describe('the words of a text', () => {
  it.each<[string, string[], string[]]>([
    ['IMAGE_TAG', ['IMAGE_TAG'], []],
    ['IMAGE_TAG $IMAGE_TAG', ['IMAGE_TAG'], ['IMAGE_TAG']],
    ['MY_IMAGE_TAG IMAGE_TAGS', [], ['IMAGE_TAG', 'IMAGE_TAG']],
    ['x BRANCH_NAME_DB BRANCH_NAME', ['BRANCH_NAME_DB', 'BRANCH_NAME'], []],
    ['nothing', [], []],
    ['an under_score', [], []],
    [
      '${OVERLAY_A} {{ OVERLAY_B }} {{-OVERLAY_C }} $(OVERLAY_D) %OVERLAY_E%',
      [],
      ['A', 'B', 'C', 'D', 'E'].map((one) => `OVERLAY_${one}`),
    ],
    ['{OVERLAY_A} (OVERLAY_B) { OVERLAY_C', ['OVERLAY_A', 'OVERLAY_B', 'OVERLAY_C'], []],
  ])('%j are placeholders, or look like one', (text, tokens, lookalikes) => {
    expect([findTokens(text), findLookalikes(text)]).toEqual([tokens, lookalikes]);
  });

  it('are replaced where they have a value, which is never searched', () => {
    const values: Record<string, string> = { OVERLAY_A: 'OVERLAY_B', OVERLAY_B: '$&' };
    expect(replaceTokens('OVERLAY_A OVERLAY_B OVERLAY_C', (token) => values[token])).toBe('OVERLAY_B $& OVERLAY_C');
    expect(replaceTokens('OVERLAY_A', () => '')).toBe('');
  });
});

describe('the strings of an object', () => {
  const object = {
    a: 'one',
    b: ['two', { c: 'three', d: { e: 'four' }, f: 'five' }, [['six'], 'seven'], 'eight'],
    g: { h: { i: 'nine' }, j: 'ten' },
    k: 5,
    l: null,
    m: true,
    n: 'last',
  };

  it('are visited each with the keys above it', () => {
    const visited: [string, string][] = [];
    visitStrings(object, (text, path) => visited.push([text, path.join('.')]));

    expect(visited).toEqual([
      ['one', 'a'],
      ['two', 'b[]'],
      ['three', 'b[].c'],
      ['four', 'b[].d.e'],
      ['five', 'b[].f'],
      ['six', 'b[][][]'],
      ['seven', 'b[][]'],
      ['eight', 'b[]'],
      ['nine', 'g.h.i'],
      ['ten', 'g.j'],
      ['last', 'n'],
    ]);
  });

  it('are replaced in a copy, and nothing else is', () => {
    const before = structuredClone(object);
    const made = mapStrings(object, (text, path) => `${path.length} ${text}`);

    expect(made).toEqual({
      a: '1 one',
      b: ['1 two', { c: '2 three', d: { e: '3 four' }, f: '2 five' }, [['1 six'], '1 seven'], '1 eight'],
      g: { h: { i: '3 nine' }, j: '2 ten' },
      k: 5,
      l: null,
      m: true,
      n: '1 last',
    });
    expect(object).toEqual(before);
  });

  it('are visited, and not replaced, where they name something', () => {
    const env = { env: [{ name: 'IMAGE_TAG', value: 'IMAGE_TAG' }] };
    const visited: string[] = [];
    visitStrings(env, (_text, path) => visited.push(path.join('.')));

    expect(visited).toEqual(['env[].name', 'env[].value']);
    expect(mapStrings(env, () => 'x')).toEqual({ env: [{ name: 'IMAGE_TAG', value: 'x' }] });
  });
});

describe('a value that names something', () => {
  const ENV = 'the name of an environment variable';
  const KEY = 'the name of a key';
  it.each<[string, string, string | undefined]>([
    ...['env', 'Env', 'extraEnv', 'envs', 'envVars', 'environment', 'environmentVariables', 'extraEnvVars'].map(
      (list): [string, string, string] => [`${list}[].name`, 'A', ENV],
    ),
    ['env[].value', 'A', undefined],
    ['env.name', 'A', undefined],
    ['myenv[].name', 'A', undefined],
    ['envFrom[].name', 'A', undefined],
    ['name', 'A', undefined],
    ['', 'A', undefined],
    ...[
      'key',
      'property',
      'secretKey',
      'configMapKey',
      'existingSecretKey',
      'secretPasswordKey',
      'existingSecretUserKey',
    ].map((field): [string, string, string] => [`spec.${field}`, 'A', KEY]),
    ...['userKey', 'usernameKey', 'passwordKey', 'tokenKey', 'key'].map((field): [string, string, string] => [
      field,
      'A',
      KEY,
    ]),
    ['spec.keys', 'A', undefined],
    ['spec.apiKey', 'A', undefined],
    ...['data', 'stringData', 'labels', 'annotations', 'matchLabels', 'commonLabels', 'commonAnnotations'].flatMap(
      (map): [string, string, string | undefined][] => [
        [`${map}.key`, 'A', undefined],
        [`${map}.x.key`, 'A', KEY],
      ],
    ),
    ['remoteRef.key', 'x-BRANCH_NAME', undefined],
    ['remoteRef.key', 'x', undefined],
    ['remoteRef.key', 'BRANCH_NAME', KEY],
    ['remoteRef.property', 'x-BRANCH_NAME', KEY],
    ['secretKeyRef.key', 'x-BRANCH_NAME', KEY],
  ])('at %j, %j: %p', (path, text, names) => {
    expect(nameHeldAt(path === '' ? [] : path.split('.'), text)).toBe(names);
  });
});
