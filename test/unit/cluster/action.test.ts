import { describe, expect, it } from '@jest/globals';
import { type Before, actionOf as untoldActionOf } from '../../../lib/cluster/apply-action.ts';
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
  ])('by %s', (_, answer, before, after, expected) => {
    expect(actionOf({ object, answer: { since: SENT, retried: false, ...answer }, before, after })).toBe(expected);
  });
});
