import { beforeEach, describe, expect, it } from '@jest/globals';
import { judgeChain } from '../../../../lib/diagnosis/chain/chain.ts';
import { newest, podsOf, warningsOf } from '../../../../lib/diagnosis/chain/workloads.ts';
import type { LinkName } from '../../../../lib/diagnosis/chain/link.ts';
import type { ChainFacts } from '../../../../lib/diagnosis/facts.ts';
import { toWorkload } from '../../../../lib/diagnosis/live-objects.ts';
import type { KubeObject } from '../../../../lib/environment/ports/cluster.ts';
import { CLIENT, NAMESPACE, healthy, itemsOf, list, mounted, pod, warning } from '../healthy.ts';

const DB = `Deployment/${NAMESPACE}/db`;
const POD = `Pod/${NAMESPACE}/db-7d9f-x`;
const RESTART = 'make the pod again (kubectl rollout restart): what it runs as is settled when it is made';

let facts: ChainFacts;
beforeEach(() => {
  facts = healthy();
});

const links = (...names: LinkName[]) => judgeChain(facts).chain.filter(({ link }) => names.includes(link));

function first(kind: string): KubeObject {
  const [object] = itemsOf(facts, kind);
  if (object === undefined) throw new Error(`no ${kind}`);
  return object;
}

function set(object: object, path: string[], value: unknown): void {
  const last = path.at(-1) ?? '';
  const at = path
    .slice(0, -1)
    .reduce((of, key) => of[key] as Record<string, unknown>, object as Record<string, unknown>);
  if (value === undefined) delete at[last];
  else at[last] = value;
}

describe('a workload', () => {
  const expected = 'serviceAccountName db, labelled azure.workload.identity/use: "true"';

  it('is as it should be, told whole', () => {
    expect(links('workload')).toEqual([{ link: 'workload', object: DB, state: 'ok', found: expected, expected }]);
  });

  it('is said to run as what it runs as, with a label only where it has one', () => {
    set(first('Deployment'), ['spec', 'template', 'metadata', 'labels'], {});
    expect(links('workload')).toMatchObject([{ state: 'broken', found: 'serviceAccountName db', expected }]);
  });

  it('is found by its name, and its pods are not judged where it is gone or unknown', () => {
    first('Deployment').metadata.name = 'another';
    expect(links('workload', 'pod')).toMatchObject([{ link: 'workload', state: 'broken', found: 'nothing' }]);
    const at = facts.live.findIndex(({ kind }) => kind === 'Deployment');
    facts.live[at] = { apiVersion: 'apps/v1', kind: 'Deployment', why: 'forbidden' };
    expect(links('workload', 'pod')).toEqual([
      { link: 'workload', object: DB, state: 'unknown', found: 'forbidden', expected },
    ]);
  });

  it('has no pods to judge where it is a CronJob: they come and go', () => {
    const cron = {
      ...first('Deployment'),
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      spec: { jobTemplate: { spec: first('Deployment')['spec'] } },
    };
    facts.rendered = { kind: 'read', value: [cron] };
    facts.live.push(list('batch/v1', 'CronJob', [cron]));
    expect(links('workload', 'pod', 'mount')).toMatchObject([{ link: 'workload', state: 'ok' }]);
  });
});

describe('the pods of a workload', () => {
  const place = { link: 'pod', object: DB, expected: 'a pod' };

  it('are none where it is scaled to 0, and missing where it is not', () => {
    itemsOf(facts, 'Pod').length = 0;
    expect(links('pod')).toEqual([{ ...place, state: 'unknown', found: 'none yet' }]);
    set(first('Deployment'), ['spec', 'replicas'], 0);
    expect(links('pod')).toEqual([{ ...place, state: 'ok', found: 'none: it is scaled to 0' }]);
  });

  it.each<[string, string, string, boolean]>([
    ['the workload itself', 'Deployment/db', 'FailedCreate', true],
    ['its replica set', 'ReplicaSet/db-7d9f', 'FailedCreate', true],
    ['the replica set of a namesake', 'ReplicaSet/db-other-7d9f', 'FailedCreate', false],
    ['a replica set whose name begins alike', 'ReplicaSet/dbx-7d9f', 'FailedCreate', false],
    ['another kind of that name', 'StatefulSet/db', 'FailedCreate', false],
    ['itself, for another reason', 'Deployment/db', 'ScalingReplicaSet', false],
  ])('are refused by an event of %s: %s %s %s', (_, about, reason, isRefused) => {
    itemsOf(facts, 'Pod').length = 0;
    itemsOf(facts, 'Event').push(warning(about, reason, 'it is full moon'));
    expect(links('pod')).toEqual([
      isRefused
        ? { ...place, state: 'broken', found: 'none: it is full moon', fix: 'fix what the event says' }
        : { ...place, state: 'unknown', found: 'none yet' },
    ]);
  });

  it('are refused for a cause that is known, with its fix', () => {
    itemsOf(facts, 'Pod').length = 0;
    const words = 'error looking up service account feature-ex-1/db: not found';
    itemsOf(facts, 'Event').push(warning('ReplicaSet/db-7d9f', 'FailedCreate', words));
    expect(links('pod')).toEqual([
      {
        ...place,
        state: 'broken',
        found: `none: ${words}`,
        fix: 'provision the branch again',
        cause: { code: 'NoServiceAccount', meaning: 'the service account that the pod names is not there' },
      },
    ]);
  });

  it('are told by all labels of its selector, and none by an empty one', () => {
    const workload = (matchLabels: object) =>
      toWorkload({ ...first('Deployment'), spec: { selector: { matchLabels } } });
    const names = (matchLabels: object) => {
      const found = podsOf(facts, workload(matchLabels));
      return found.kind === 'read' ? found.value.map(({ name }) => name) : found.why;
    };
    const leaving = pod('leaving');
    leaving.metadata['deletionTimestamp'] = '2026-11-23T10:09:00Z';
    const other = pod('other');
    other.metadata.labels = { app: 'db', tier: 'x' };
    itemsOf(facts, 'Pod').push(leaving, other);
    expect(names({ app: 'db' })).toEqual(['db-7d9f-x', 'other']);
    expect(names({ app: 'db', tier: 'x' })).toEqual(['other']);
    expect(names({})).toEqual([]);
    facts.live = facts.live.map((one) =>
      one.kind === 'Pod' ? { apiVersion: 'v1', kind: 'Pod', why: 'forbidden' } : one,
    );
    expect(names({ app: 'db' })).toBe('forbidden');
    expect(links('pod')).toEqual([{ ...place, state: 'unknown', found: 'forbidden' }]);
  });
});

describe('a pod', () => {
  it('is judged by whom it runs as and what it was given', () => {
    expect(links('pod', 'pod-environment')).toEqual([
      { link: 'pod', object: POD, state: 'ok', found: 'runs as db', expected: 'runs as db' },
      { link: 'pod-environment', object: POD, state: 'ok', found: CLIENT, expected: CLIENT },
    ]);
    set(first('Pod'), ['spec', 'serviceAccountName'], 'default');
    const env = ['old', CLIENT].map((value) => ({ name: 'AZURE_CLIENT_ID', value }));
    set(first('Pod'), ['spec', 'containers'], [{ env }]);
    expect(links('pod', 'pod-environment')).toEqual([
      { link: 'pod', object: POD, state: 'broken', found: 'runs as default', expected: 'runs as db', fix: RESTART },
      {
        link: 'pod-environment',
        object: POD,
        state: 'broken',
        found: `old, ${CLIENT}`,
        expected: CLIENT,
        fix: RESTART,
      },
    ]);
  });

  it('is not asked for a client id where its workload asks for no token', () => {
    if (facts.rendered.kind !== 'read') throw new Error('not rendered');
    for (const object of [...facts.rendered.value, first('Deployment')])
      if (object.kind === 'Deployment' && object.metadata.name === 'db')
        set(object, ['spec', 'template', 'metadata', 'labels'], { app: 'db' });
    expect(links('pod', 'pod-environment')).toMatchObject([{ link: 'pod', state: 'ok' }]);
  });

  it.each<[string | undefined, string]>([
    [CLIENT, `AZURE_CLIENT_ID ${CLIENT}`],
    [undefined, 'AZURE_CLIENT_ID of its identity'],
  ])('lacks, for an account of client %s, %s', (clientId, expected) => {
    if (facts.rendered.kind !== 'read') throw new Error('not rendered');
    const account = facts.rendered.value.find(({ kind }) => kind === 'ServiceAccount');
    set(account ?? {}, ['metadata', 'annotations'], clientId && { 'azure.workload.identity/client-id': clientId });
    set(first('Pod'), ['spec', 'containers'], []);
    expect(links('pod', 'pod-environment')).toEqual([
      { link: 'pod', object: POD, state: 'ok', found: 'runs as db', expected: 'runs as db' },
      {
        link: 'pod-environment',
        object: POD,
        state: 'unknown',
        expected,
        found:
          'no AZURE_CLIENT_ID: the workload identity webhook did not see the pod, so that SDKs in it get no token; mounts do without',
        fix: 'look whether the cluster has it (az aks update --enable-workload-identity), then make the pod again',
      },
    ]);
  });
});

describe('the events', () => {
  it('are warnings alone, and the newest of those that fit counts, the later of one second', () => {
    const at = (seconds: number) => `2026-11-23T10:00:0${seconds}Z`;
    const events = itemsOf(facts, 'Event');
    for (const [name, seconds] of [
      ['a', 2],
      ['b', 3],
      ['c', 3],
      ['d', 1],
      ['not', 9],
    ] as const)
      events.push(warning(`Pod/${name}`, 'x', name, at(seconds)));
    events.push({ ...warning('Pod/normal', 'x', 'normal', at(9)), type: 'Normal' });
    const warnings = warningsOf(facts);
    expect(warnings.map(({ message }) => message)).toEqual(['a', 'b', 'c', 'd', 'not']);
    expect(newest(warnings, ({ message }) => message !== 'not')?.message).toBe('c');
    expect(newest(warnings, () => false)).toBeUndefined();
    facts.live = facts.live.filter(({ kind }) => kind !== 'Event');
    expect(warningsOf(facts)).toEqual([]);
  });
});

describe('two workloads', () => {
  it('each have their links, in the order of the chain and not of the workloads', () => {
    const two = JSON.parse(JSON.stringify(first('Deployment')).replaceAll('"db"', '"two"')) as KubeObject;
    set(two, ['spec', 'template', 'spec', 'serviceAccountName'], 'db');
    if (facts.rendered.kind === 'read') facts.rendered.value.push(structuredClone(two));
    itemsOf(facts, 'Deployment').push(two);
    const its = pod('two-7d9f-x');
    its.metadata.labels = { ...its.metadata.labels, app: 'two' };
    itemsOf(facts, 'Pod').push(its);
    itemsOf(facts, 'SecretProviderClassPodStatus').push(mounted('two-7d9f-x'));
    expect(
      links('workload', 'pod', 'pod-environment', 'mount').map(
        ({ link, object, state }) => `${link} ${object.split('/')[2]} ${state}`,
      ),
    ).toEqual([
      'workload db ok',
      'workload two ok',
      'pod db-7d9f-x ok',
      'pod two-7d9f-x ok',
      'pod-environment db-7d9f-x ok',
      'pod-environment two-7d9f-x ok',
      'mount db-7d9f-x ok',
      'mount two-7d9f-x ok',
    ]);
  });
});
