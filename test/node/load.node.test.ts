import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { EnvironmentRecord } from '../../lib/environment/model/record.ts';
import { deliver, recordOf, untilReady, watch } from './support/app.ts';
import { list, nodeSetting, until } from './support/cluster.ts';
import { account, claim, claimed } from './support/faults.ts';
import { type App, IDENTITY, setStage, type Stage } from './support/stage.ts';
import { deployment, servingPod, writeTree } from './support/tree.ts';

const BRANCHES = Array.from({ length: 10 }, (_, index) => `load-${index}`);
/** As many as the node has room for. */
const ROOM = 6;

describe('ten branches at once on a node that has room for six', () => {
  let stage: Stage;
  let app: App;

  beforeAll(async () => {
    stage = await setStage();
    app = await stage.startApp({ overlays: await writeTree(await largeTree()) });
  }, 120_000);

  afterAll(() => stage.stop());

  it('are ready, or said to lack room and not to have failed; those without follow when others go; nothing is left', async () => {
    for (const branch of BRANCHES) await deliver(app, 'create', branch);

    const records = await until(
      `${ROOM} are ready and the others wait for room`,
      async () => {
        const seen = await all();
        const ready = seen.filter(({ phase }) => phase === 'ready');
        const waiting = seen.filter((record) => record.phase !== 'ready' && /Insufficient cpu/.test(wordsOf(record)));
        return ready.length === ROOM && waiting.length === BRANCHES.length - ROOM ? seen : undefined;
      },
      { withinMs: 240_000, everyMs: 1_000 },
    );
    expect(records.filter(({ phase }) => phase === 'failed')).toEqual([]);

    const [ready, others] = [true, false].map((is) =>
      records.filter(({ phase }) => (phase === 'ready') === is).map(({ name }) => name),
    ) as [string[], string[]];
    for (const branch of ready) await deliver(app, 'delete', branch);
    await Promise.all(others.map((branch) => untilReady(app, branch, 240_000)));

    for (const branch of others) await deliver(app, 'delete', branch);
    await Promise.all(BRANCHES.map((branch) => watch(app, branch, ({ phase }) => phase === 'gone', 240_000)));
    await until('nothing is left', async () => (await left()).length === 0, { withinMs: 90_000 });
  }, 900_000);

  async function all(): Promise<EnvironmentRecord[]> {
    return (await Promise.all(BRANCHES.map((branch) => recordOf(app, branch)))).filter((each) => each !== undefined);
  }

  async function left(): Promise<unknown[]> {
    const ours = (await list('namespaces,pods', '-A')).filter(({ metadata }) =>
      (metadata.namespace ?? metadata.name).startsWith('feature-load-'),
    );
    const volumes = await readdir(join(nodeSetting('NODE'), 'volumes'));
    return [...ours, ...volumes, ...(await list('persistentvolumes')), ...stage.azure.credentials(IDENTITY)];
  }
});

function wordsOf({ error, waitingOn }: EnvironmentRecord): string {
  return error?.message ?? waitingOn ?? '';
}

/** A pod that takes so much of the node's processors that six have room. */
async function largeTree(): Promise<object[]> {
  const [node] = await list('nodes');
  const { cpu } = (node?.status as { allocatable: { cpu: string } }).allocatable;
  const millis = cpu.endsWith('m') ? Number(cpu.slice(0, -1)) : Number(cpu) * 1_000;
  const share = { cpu: `${Math.floor(millis / (ROOM + 0.5))}m`, memory: '16Mi' };
  const spec = servingPod();
  const [box] = spec.containers;
  const containers = [
    { ...box, resources: { requests: share }, volumeMounts: [{ name: 'data', mountPath: '/data' }] },
  ] as typeof spec.containers;
  return [
    account(),
    claim(),
    deployment('web', { ...spec, containers, serviceAccountName: 'web', volumes: [claimed()] }),
  ];
}
