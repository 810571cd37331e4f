import { describe, expect, it } from '@jest/globals';
import { type Before, actionOf as untoldActionOf, isRecent } from '../../../lib/cluster/apply-action.ts';
import { FIELD_MANAGER, type Version } from '../../../lib/cluster/api/object-meta.ts';
import { keepTold } from '../../support/keep-told.ts';

const actionOf = keepTold(untoldActionOf);

const SENT = Date.parse('2026-01-01T00:00:10Z');
const OLD = '2026-01-01T00:00:05Z';
const NOW = '2026-01-01T00:00:11Z';
const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x', labels: { a: 'b' } } };

function metadata(resourceVersion: string, time: string, more: Partial<Version> = {}): Version {
  const entry = { manager: FIELD_MANAGER, operation: 'Apply', time, fieldsV1: { 'f:data': {} } };
  return { name: 'x', uid: 'u', resourceVersion, creationTimestamp: OLD, managedFields: [entry], ...more };
}

const annotated = { ...object, metadata: { name: 'x', annotations: { c: 'd' } } };
const bare = { ...object, metadata: { name: 'x' } };
const fields = (fieldsV1: object) => ({
  managedFields: [{ manager: FIELD_MANAGER, operation: 'Apply', time: NOW, fieldsV1 }],
});
const without = { managedFields: [] };

const spec = (generation: number, labels: Record<string, string> = { a: 'b' }) => ({ generation, labels });

describe('actionOf', () => {
  it.each<[string, { status: number; retried?: boolean }, Before | undefined, Version, string]>([
    ['a 201', { status: 201 }, undefined, metadata('1', NOW), 'created'],
    ['the same version', { status: 200 }, metadata('1', NOW), metadata('1', NOW), 'unchanged'],
    ['another version under an old stamp', { status: 200 }, metadata('1', OLD), metadata('2', OLD), 'unchanged'],
    ['an old stamp, with nothing known', { status: 200 }, undefined, metadata('2', OLD), 'unchanged'],
    ['another version under a new stamp', { status: 200 }, metadata('1', OLD), metadata('2', NOW), 'configured'],
    ['a new stamp, with nothing known', { status: 200 }, undefined, metadata('2', NOW), 'configured'],
    [
      'a status written in between, just after an apply',
      { status: 200 },
      metadata('1', NOW, spec(1)),
      metadata('2', NOW, spec(1)),
      'unchanged',
    ],
    [
      'another generation just after an apply',
      { status: 200 },
      metadata('1', NOW, spec(1)),
      metadata('2', NOW, spec(2)),
      'configured',
    ],
    [
      'a label that was another just after an apply',
      { status: 200 },
      metadata('1', NOW, spec(1, { a: 'c' })),
      metadata('2', NOW, spec(1)),
      'configured',
    ],
    [
      'the same spec of a kind without generation just after an apply',
      { status: 200 },
      metadata('1', NOW, { labels: { a: 'b' }, spec: { hard: { pods: '1' } } }),
      metadata('2', NOW, { spec: { hard: { pods: '1' } } }),
      'unchanged',
    ],
    [
      'another spec of a kind without generation just after an apply',
      { status: 200 },
      metadata('1', NOW, { labels: { a: 'b' }, spec: { hard: { pods: '1' } } }),
      metadata('2', NOW, { spec: { hard: { pods: '2' } } }),
      'configured',
    ],
    ['a recorded version that holds', { status: 200 }, { resourceVersion: '2' }, metadata('2', NOW), 'unchanged'],
    [
      'a retry after the lost answer to its creation',
      { status: 200, retried: true },
      undefined,
      metadata('2', NOW, { creationTimestamp: NOW }),
      'created',
    ],
    ['a retry on an older object', { status: 200, retried: true }, undefined, metadata('2', NOW), 'configured'],
    ['a 201, whatever was known', { status: 201 }, metadata('1', NOW), metadata('1', OLD), 'created'],
    [
      'a first try on an object that somebody has just made',
      { status: 200 },
      undefined,
      metadata('2', NOW, { creationTimestamp: NOW }),
      'configured',
    ],
    [
      'a retry on an object that was known',
      { status: 200, retried: true },
      metadata('1', OLD, { creationTimestamp: NOW }),
      metadata('2', NOW, { creationTimestamp: NOW }),
      'configured',
    ],
    [
      'other fields of ours under the same generation',
      { status: 200 },
      metadata('1', NOW, { ...spec(1), ...fields({ 'f:data': { 'f:a': {} } }) }),
      metadata('2', NOW, spec(1)),
      'configured',
    ],
    [
      'no field of ours, before and after',
      { status: 200 },
      metadata('1', NOW, { ...spec(1), ...without }),
      metadata('2', NOW, { ...spec(1), ...without }),
      'unchanged',
    ],
    [
      'more labels than ours',
      { status: 200 },
      metadata('1', NOW, spec(1, { a: 'b', more: 'c' })),
      metadata('2', NOW, spec(1)),
      'unchanged',
    ],
    [
      'no label where we want one',
      { status: 200 },
      metadata('1', NOW, { generation: 1 }),
      metadata('2', NOW, spec(1)),
      'configured',
    ],
    [
      'the same generation, whatever the spec says',
      { status: 200 },
      metadata('1', NOW, { ...spec(1), spec: { a: 1 } }),
      metadata('2', NOW, { ...spec(1), spec: { a: 2 } }),
      'unchanged',
    ],
    [
      'neither generation nor spec',
      { status: 200 },
      metadata('1', NOW, { labels: { a: 'b' } }),
      metadata('2', NOW, { labels: { a: 'b' } }),
      'configured',
    ],
  ])('by %s', (_, answer, before, after, expected) => {
    expect(actionOf({ object, answer: { since: SENT, retried: false, ...answer }, before, after })).toBe(expected);
  });

  it.each<[string, object | undefined, string]>([
    ['that is as we want it', { annotations: { c: 'd', e: 'f' } }, 'unchanged'],
    ['that is another', { annotations: { c: 'x' } }, 'configured'],
    ['that is none', undefined, 'configured'],
  ])('by an annotation %s', (_, more, expected) => {
    const answer = { status: 200, since: SENT, retried: false };
    const before = metadata('1', NOW, { generation: 1, ...more });
    expect(actionOf({ object: annotated, answer, before, after: metadata('2', NOW, { generation: 1 }) })).toBe(
      expected,
    );
    const [one, other] = [metadata('1', NOW, { generation: 1 }), metadata('2', NOW, { generation: 1 })];
    expect(actionOf({ object: bare, answer, before: one, after: other })).toBe('unchanged');
  });
});

describe('a time in an object', () => {
  it.each<[string | undefined, number | undefined, boolean]>([
    [OLD, SENT, false],
    ['2026-01-01T00:00:10Z', SENT, false],
    ['2026-01-01T00:00:10.001Z', SENT, true],
    [undefined, SENT, true],
    [OLD, undefined, true],
    [undefined, undefined, true],
  ])('of %s may be of the call that was sent at %p: %p', (time, since, expected) => {
    expect(isRecent(time, since)).toBe(expected);
  });
});
