import { beforeEach, describe, expect, it } from '@jest/globals';
import { writeEnvironment } from '../../../../../lib/environment/steps/apply.ts';
import { toJobDigest } from '../../../../../lib/environment/steps/ready/jobs.ts';
import type { InventoryEntry, KubeObject } from '../../../../../lib/environment/ports/cluster.ts';
import { beginRun, keepAudit, ownNamespace } from '../../../../support/fakes/run.ts';
import { NAMESPACE, type World, createWorld } from '../../../../support/fakes/world.ts';
import {
  CONFIG,
  CREATED,
  CREDENTIAL,
  JOB,
  NOW,
  ROUTE,
  STEP,
  WEB,
  entryOf,
  nameOf,
  wantedBy,
  write,
} from './written.ts';

const change = (one: KubeObject, action = 'created') => ({ object: nameOf(one), action });

let world: World;
beforeEach(() => {
  world = createWorld();
});

describe('writeEnvironment, in a namespace that it makes', () => {
  it('applies all in waves, and notes each change, object and step', async () => {
    const lines = keepAudit(world);
    const old: InventoryEntry = { apiVersion: 'v1', kind: 'Secret', name: 'of-the-old-namespace' };
    const { run, written } = await write(
      world,
      {},
      {
        record: { inventory: [old], formerIdentities: ['former'], credentials: ['x'] },
      },
    );

    expect(written).toEqual({
      kind: 'written',
      changes: [
        { object: `Namespace/${NAMESPACE}`, action: 'created' },
        change(CONFIG),
        CREATED,
        change(JOB),
        change(WEB),
        change(ROUTE),
      ],
    });
    expect(world.cluster.writes).toEqual([
      `POST Namespace/${NAMESPACE}`,
      ...[CONFIG, JOB, WEB, ROUTE].map((one) => `APPLY ${nameOf(one)}`),
    ]);
    const { steps, inventory, credentials, credentialAt, formerIdentities } = run.record;
    expect({ steps, inventory, credentials, credentialAt, formerIdentities }).toEqual({
      steps: { namespace: STEP, credential: STEP, foundation: STEP, workloads: STEP, exposure: STEP },
      inventory: [entryOf(CONFIG), { ...entryOf(JOB), digest: toJobDigest(JOB) }, entryOf(WEB), entryOf(ROUTE)],
      credentials: [CREDENTIAL],
      credentialAt: NOW,
      formerIdentities: undefined,
    });
    expect(lines.map(({ action }) => action)).toEqual(['namespace-created', 'credential-created']);
  });

  it('tells the cluster what it knows, and that the namespace is fresh', async () => {
    const asked: unknown[] = [];
    const { apply } = world.cluster;
    world.cluster.apply = async (objects, options) => {
      asked.push([objects, { ...options, writeGuard: typeof options.writeGuard }]);
      return apply(objects, options);
    };
    const options = { namespace: NAMESPACE, writeGuard: 'function' };
    await write(world, { objects: [CONFIG, WEB] });
    expect(asked).toEqual([
      [[CONFIG], { ...options, fresh: true, known: [] }],
      [[WEB], { ...options, fresh: true, known: [entryOf(CONFIG)] }],
    ]);

    asked.length = 0;
    world = createWorld();
    world.cluster.apply = async (objects, given) => {
      asked.push([objects, { ...given, writeGuard: typeof given.writeGuard }]);
      return { changes: [], inventory: [] };
    };
    await write(world, { objects: [CONFIG] }, { isThere: true, record: { inventory: [entryOf(CONFIG)] } });
    expect(asked).toEqual([[[CONFIG], { ...options, fresh: false, known: [entryOf(CONFIG)] }]]);
  });

  it('notes a digest of each Job, and of nothing that only bears its name', async () => {
    const other = { ...JOB, metadata: { ...JOB.metadata, name: 'other' } };
    const namesake = { ...WEB, metadata: { ...WEB.metadata, name: 'migrate' } };
    const { run } = await write(world, { objects: [other, namesake, JOB] });
    expect(run.record.inventory).toEqual([
      { ...entryOf(other), digest: toJobDigest(other) },
      entryOf(namesake),
      { ...entryOf(JOB), digest: toJobDigest(JOB) },
    ]);
  });

  it('asks nothing for a wave that is empty', async () => {
    const calls: string[] = [];
    world.turn.hook = (what) => void calls.push(what);
    const { run } = await write(world, { objects: [ROUTE] });
    expect(calls.filter((call) => /^(GET|APPLY)/.test(call))).toEqual([
      `GET Namespace/${NAMESPACE}`,
      `APPLY ${nameOf(ROUTE)}`,
    ]);
    expect(Object.keys(run.record.steps)).toEqual(['namespace', 'credential', 'exposure']);
  });
});

describe('writeEnvironment, in a namespace that is there', () => {
  it('leaves Jobs that have completed, and marks what is rendered no more', async () => {
    const done: InventoryEntry = { ...entryOf(JOB), finished: true, digest: toJobDigest(JOB) };
    const inventory = [entryOf(CONFIG), done, { ...entryOf(WEB), name: 'old' }];
    const { run, written } = await write(world, { objects: [CONFIG, JOB] }, { isThere: true, record: { inventory } });

    expect(written).toEqual({
      kind: 'written',
      changes: [
        { object: `Namespace/${NAMESPACE}`, action: 'unchanged' },
        { ...change(JOB, 'unchanged'), reason: 'it has completed' },
        change(CONFIG),
        CREATED,
      ],
    });
    expect(run.record.inventory).toEqual([done, { ...entryOf(WEB), name: 'old', orphaned: true }, entryOf(CONFIG)]);
  });

  it('applies what has drifted alone, and says that the rest is as it was', async () => {
    const drifted = [{ object: nameOf(WEB), why: 'changed' as const }];
    const { written } = await write(world, { objects: [CONFIG, WEB, ROUTE], drifted }, { isThere: true });
    expect(written).toMatchObject({
      changes: [
        { object: `Namespace/${NAMESPACE}`, action: 'unchanged' },
        change(CONFIG, 'unchanged'),
        change(ROUTE, 'unchanged'),
        CREATED,
        change(WEB),
      ],
    });
    expect(world.cluster.writes).toEqual([`APPLY ${nameOf(WEB)}`]);
  });

  it('writes nothing into one that is being deleted', async () => {
    const run = await beginRun(world);
    ownNamespace(world, run).terminating = true;
    if (run.owned !== undefined) run.owned.terminating = true;
    expect(await writeEnvironment(run, wantedBy(run))).toEqual({ kind: 'terminating' });
    expect([world.cluster.writes, [...world.access.credentials]]).toEqual([[], []]);
  });

  it('refuses one that somebody else has made meanwhile, and another one between two waves', async () => {
    const foreign = { kind: 'refused', refusal: { guard: 'owner', reason: expect.any(String) } };
    world.cluster.putForeign(NAMESPACE);
    expect((await write(world)).written).toEqual(foreign);

    world = createWorld();
    world.turn.hook = (what) => {
      if (what === `APPLY ${nameOf(CONFIG)}`) void Promise.resolve().then(() => world.cluster.putForeign(NAMESPACE));
    };
    const { written } = await write(world, { objects: [CONFIG, WEB] });
    expect(written).toMatchObject({ kind: 'refused' });
    expect(world.cluster.writes).toEqual([`POST Namespace/${NAMESPACE}`, `APPLY ${nameOf(CONFIG)}`]);
  });
});
