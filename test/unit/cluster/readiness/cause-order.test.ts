import { expect, it } from '@jest/globals';
import { CAUSE_CODES } from '../../../../lib/cluster/readiness/reading.ts';

it('causes are told in the order in which one follows from another', () => {
  const before = [
    'unread',
    'quota',
    'refused',
    'capacity',
    'unschedulable',
    'claim',
    'image',
    'stuck',
    'configuration',
  ];
  const later = ['mount', 'credential', 'crash', 'evicted', 'job', 'init', 'probe', 'ending', 'rollout', 'way-in'];
  expect(CAUSE_CODES).toEqual([...before, ...later, 'unknown']);
});
