import { describe, expect, it } from '@jest/globals';
import { findUnowned } from '../../../lib/cluster/release-defaults.ts';

it('finds what the server filled in and nobody owns, inside keyed lists too, and nothing that is owned as a whole', () => {
  const live = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web' },
    spec: {
      selector: { matchLabels: { app: 'web' } },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%' } },
      template: { spec: { containers: [{ name: 'c', image: 'a', imagePullPolicy: 'Always' }, { name: 'd' }] } },
    },
    status: { replicas: 1 },
  };
  const ours = {
    'f:spec': {
      'f:selector': {},
      'f:template': { 'f:spec': { 'f:containers': { 'k:{"name":"c"}': { '.': {}, 'f:name': {}, 'f:image': {} } } } },
    },
  };
  const theirs = { 'f:spec': { 'f:strategy': { 'f:type': {} } } };

  expect(findUnowned(live, [ours, theirs])).toEqual({
    'f:spec': {
      'f:strategy': { 'f:rollingUpdate': { '.': {}, 'f:maxSurge': {} } },
      'f:template': { 'f:spec': { 'f:containers': { 'k:{"name":"c"}': { 'f:imagePullPolicy': {} } } } },
    },
  });
});

describe('what nobody owns', () => {
  const spec = (value: unknown) => ({ spec: value });
  const owned = (fields: Parameters<typeof findUnowned>[1][number]) => [{ 'f:spec': fields }];
  const keyed = { 'f:list': { 'k:{"a":1,"b":2}': { 'f:a': {}, 'f:b': {} } } };

  it.each<[string, unknown, Parameters<typeof findUnowned>[1], object | undefined]>([
    ['a scalar', { a: 1, b: 2 }, owned({ 'f:a': {} }), { 'f:b': {} }],
    ['null', { a: null }, owned({ 'f:b': {} }), { 'f:a': {} }],
    ['a list', { a: [{ b: 1 }] }, owned({ 'f:b': {} }), { 'f:a': {} }],
    ['an empty map', { a: {} }, owned({ 'f:b': {} }), { 'f:a': {} }],
    ['a map', { a: { b: { c: 1 } } }, owned({ 'f:b': {} }), { 'f:a': { '.': {}, 'f:b': { '.': {}, 'f:c': {} } } }],
    ['nothing of a map that is owned as a whole', { a: { b: 1 } }, owned({ 'f:a': {} }), undefined],
    ['a part of a map that is owned as such', { a: { b: 1 } }, owned({ 'f:a': { '.': {} } }), { 'f:a': { 'f:b': {} } }],
    ['nothing of a scalar whose parts were owned', { a: 1 }, owned({ 'f:a': { 'f:b': {} } }), undefined],
    [
      'nothing that some of several own',
      { a: { b: 1, c: 2 } },
      [...owned({ 'f:a': { 'f:b': {} } }), ...owned({ 'f:a': { 'f:c': {} } })],
      undefined,
    ],
    [
      'all of an item that is found by each of its keys',
      { list: [{ a: 1, b: 3, x: 1 }, 1, null, { a: 1, b: 2, y: 1 }] },
      owned(keyed),
      { 'f:list': { 'k:{"a":1,"b":2}': { 'f:y': {} } } },
    ],
    ['nothing of an item that is gone', { list: [{ a: 1, y: 1 }] }, owned(keyed), undefined],
    [
      'nothing of an item that is owned by its value',
      { list: [{ y: 1 }] },
      owned({ 'f:list': { 'v:{"y":1}': {} } }),
      undefined,
    ],
    ['nothing of an item of which all is owned', { list: [{ a: 1, b: 2 }] }, owned(keyed), undefined],
  ])('is %s', (_, value, fields, expected) => {
    expect(findUnowned(spec(value), fields)).toEqual(expected && { 'f:spec': expected });
  });

  it('is nothing of what the API server keeps for itself', () => {
    expect(findUnowned({ apiVersion: 'v1', kind: 'X', metadata: { a: 1 }, status: { b: 1 } }, [])).toBeUndefined();
    expect(findUnowned({ data: { a: '1' } }, [])).toEqual({ 'f:data': { '.': {}, 'f:a': {} } });
  });
});
