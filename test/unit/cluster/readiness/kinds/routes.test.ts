import { describe, expect, it } from '@jest/globals';
import type { LiveObject } from '../../../../../lib/cluster/api/object-meta.ts';
import { judgeWayIn } from '../../../../../lib/cluster/readiness/kinds/way-in.ts';
import { READY, type Verdict } from '../../../../../lib/cluster/readiness/reading.ts';
import { NAMESPACE, NOW, ago, meta } from '../recorded.ts';

const services: LiveObject[] = [{ metadata: meta('web'), spec: { ports: [{ port: 80 }] } }];
const since = ago(40);
const SHARED = { name: 'shared', namespace: 'gateway' };
const is = (type: string, status: string, more: object = {}) => ({ type, status, lastTransitionTime: since, ...more });
const BOTH = [is('Accepted', 'True'), is('ResolvedRefs', 'True')];
const parent = (conditions: object[] | undefined = BOTH, parentRef: object = SHARED) => ({ parentRef, conditions });
const spec = (...backendRefs: object[]) => ({ parentRefs: [SHARED], rules: [{ backendRefs }] });

const look = (given: Record<string, unknown> | undefined, parents?: object[]): Verdict =>
  judgeWayIn(
    'HTTPRoute',
    { metadata: meta('web'), ...(given && { spec: given }), ...(parents && { status: { parents } }) },
    {
      namespace: NAMESPACE,
      now: NOW,
      hasFallen: false,
      objects: [],
      pods: [],
      wayIn: { services, slices: [], events: [] },
    },
  );
const closed = (words: string, fix: string): Verdict => ({ health: 'starting', code: 'way-in', words, fix });
const fixFor = (gateway: string): string =>
  `see that Gateway ${gateway} exists and admits routes of this namespace and host`;
const untaken = (gateway: string): Verdict => closed(`Gateway ${gateway} has not taken it up`, fixFor(gateway));
const untrue = (words: string, at: string | undefined = since): Verdict => ({
  ...closed(`Gateway gateway/shared: ${words}`, fixFor('gateway/shared')),
  since: at,
});

describe('a route', () => {
  it('that names no Gateway leads nowhere', () => {
    const verdict = closed('it names no Gateway', 'name the shared Gateway in parentRefs, then push');
    expect(look({})).toEqual(verdict);
    expect(look(undefined)).toEqual(verdict);
  });

  it.each<[string, object[] | undefined, Verdict]>([
    ['has accepted and resolved', [parent()], READY],
    ['has not seen', undefined, untaken('gateway/shared')],
    ['has not taken up', [], untaken('gateway/shared')],
    ['has not taken up, and another has', [parent(BOTH, { name: 'other' })], untaken('gateway/shared')],
    ['has taken up after another', [parent(BOTH, { name: 'other' }), parent()], READY],
    ['says nothing of', [parent([])], { ...untrue('Accepted is not true: it says nothing yet'), since: undefined }],
    [
      'has no conditions of',
      [{ parentRef: SHARED }],
      { ...untrue('Accepted is not true: it says nothing yet'), since: undefined },
    ],
    [
      'does not accept, by its message',
      [parent([is('Accepted', 'False', { message: 'no listener', reason: 'NoMatch' }), is('ResolvedRefs', 'True')])],
      untrue('Accepted is not true: no listener'),
    ],
    [
      'does not accept, by its reason',
      [parent([is('Accepted', 'False', { reason: 'NoMatch' })])],
      untrue('Accepted is not true: NoMatch'),
    ],
    [
      'can not resolve',
      [parent([is('Accepted', 'True'), is('ResolvedRefs', 'False', { message: 'no such Service' })])],
      untrue('ResolvedRefs is not true: no such Service'),
    ],
    [
      'has not resolved yet',
      [parent([is('Accepted', 'True')])],
      { ...untrue('ResolvedRefs is not true: it says nothing yet'), since: undefined },
    ],
  ])('that its Gateway %s', (_, parents, verdict) => {
    expect(look(spec(), parents)).toEqual(verdict);
  });

  it('needs each Gateway that it names, in its own namespace where none is named', () => {
    const two = { parentRefs: [SHARED, { name: 'own' }] };
    expect(look(two, [parent()])).toEqual(untaken('feature-x/own'));
    expect(look(two, [parent(), parent(BOTH, { name: 'own' })])).toEqual(READY);
  });

  it('needs exactly the listener that it names', () => {
    const https = { ...SHARED, sectionName: 'https' };
    expect(look({ parentRefs: [https] }, [parent(BOTH, https)])).toEqual(READY);
    expect(look({ parentRefs: [https] }, [parent()])).toEqual(untaken('gateway/shared'));
    expect(look({ parentRefs: [https] }, [parent(BOTH, { ...SHARED, sectionName: 'http' })])).toEqual(
      untaken('gateway/shared'),
    );
    expect(look({ parentRefs: [SHARED] }, [parent(BOTH, https)])).toEqual(untaken('gateway/shared'));
    expect(look({ parentRefs: [https] }, [parent(BOTH, { name: 'other', sectionName: 'https' })])).toEqual(
      untaken('gateway/shared'),
    );
  });

  const absent = closed(
    'Service api is not there (the namespace has web)',
    'name a Service that the overlay holds, or add Service api, then push',
  );
  const noPort = closed('Service/web has no port 81; it has 80', 'name a port that Service web has, then push');
  it.each<[string, object[], Verdict]>([
    ['a Service', [{ name: 'web' }], READY],
    ['a port of a Service', [{ name: 'web', port: 80 }], READY],
    ['a port that the Service has not', [{ name: 'web', port: 81 }], noPort],
    ['a Service that is not there', [{ name: 'web' }, { name: 'api' }], absent],
    [
      'a Service of its own namespace that is not there',
      [{ kind: 'Service', name: 'api', namespace: NAMESPACE }],
      absent,
    ],
    ['a Service of another namespace', [{ name: 'api', namespace: 'other' }], READY],
    ['another kind', [{ kind: 'Bucket', name: 'api' }], READY],
    ['another kind in another namespace', [{ kind: 'Bucket', name: 'api', namespace: 'other' }], READY],
  ])('that leads to %s', (_, backendRefs, verdict) => {
    expect(look(spec(...backendRefs), [parent()])).toEqual(verdict);
  });

  it('that leads to nothing may redirect', () => {
    expect(look({ parentRefs: [SHARED], rules: [{}] }, [parent()])).toEqual(READY);
  });

  it('is told of what it leads to before its Gateway', () => {
    expect(look(spec({ name: 'api' }), [])).toEqual(absent);
  });
});
