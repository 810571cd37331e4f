import { describe, expect, it } from '@jest/globals';
import {
  type Observed,
  isSameObservation,
  toUndone,
  toWould,
} from '../../../../../lib/environment/model/reporting/observed.ts';
import type { Action } from '../../../../../lib/environment/ports/cluster.ts';
import { minute } from '../requests.ts';

const changes = (...actions: Action[]) => actions.map((action) => ({ object: `ConfigMap/x/${action}`, action }));

describe('what a plan comes to', () => {
  it.each<[Action[], string, string]>([
    [[], 'nothing', 'nothing'],
    [['unchanged', 'skipped'], 'nothing', 'nothing'],
    [['unchanged', 'created'], 'provision', 'deprovision'],
    [['skipped', 'deleted'], 'provision', 'deprovision'],
    [['unknown'], 'provision', 'deprovision'],
  ])('is, of %j, to %s or to %s', (actions, present, absent) => {
    expect(toWould('present', changes(...actions))).toBe(present);
    expect(toWould('absent', changes(...actions))).toBe(absent);
  });
});

const OBSERVED: Observed = {
  at: minute(0),
  reason: 'create',
  would: 'provision',
  changes: [
    { object: 'Namespace/feature-ex', action: 'created' },
    { object: 'ConfigMap/feature-ex/a', action: 'created' },
    { object: 'FederatedCredential/pool-1/a', action: 'created' },
    { object: 'FederatedCredential/pool-1/b', action: 'unchanged' },
  ],
  validated: false,
};

describe('what would have been deleted of what was only observed', () => {
  it('is what would have been made and lies in no namespace', () => {
    const reason = 'it would have been made';
    expect(toUndone(OBSERVED)).toStrictEqual([
      { object: 'Namespace/feature-ex', action: 'deleted', reason },
      { object: 'FederatedCredential/pool-1/a', action: 'deleted', reason },
    ]);
  });

  it.each(['deprovision', 'refuse', 'nothing'] as const)('is nothing where the app would %s', (would) => {
    expect(toUndone({ ...OBSERVED, would })).toStrictEqual([]);
  });
});

describe('an observation', () => {
  it.each<[string, Partial<Observed>, boolean]>([
    [
      'comes to the same at another time and for another reason',
      { at: minute(1), reason: 'sweep', validated: true },
      true,
    ],
    ['is another with another end', { would: 'nothing' }, false],
    ['is another with other changes', { changes: [] }, false],
    ['is another with a refusal', { refused: { guard: 'owner', reason: 'not ours' } }, false],
  ])('%s', (_what, more, is) => {
    expect(isSameObservation(OBSERVED, { ...OBSERVED, ...more })).toBe(is);
  });

  it('is news where there was none before', () => {
    expect(isSameObservation(undefined, OBSERVED)).toBe(false);
  });
});
