import { describe, expect, it } from '@jest/globals';
import { planProvision } from '../../../lib/environment/plan.ts';
import { ProvisionerError } from '../../../lib/errors.ts';
import { newRecord } from '../../../lib/environment/model/record-event.ts';
import { createWorld } from '../../support/fakes/world.ts';
import type { KubeObject } from '../../../lib/environment/ports/cluster.ts';

const CLIENT_ID = 'azure.workload.identity/client-id';

describe('planProvision', () => {
  it('sends what an apply would send, with the ids of the identity that the environment has or would get', async () => {
    const world = createWorld();
    await world.handle(world.request('create'));
    await world.settle();
    const sent: KubeObject[][] = [];
    const cluster = {
      ...world.cluster,
      async plan(objects: KubeObject[]) {
        sent.push(objects);
        return [];
      },
    };

    await planProvision({ ...world.ports, cluster }, world.record() ?? newRecord(world.request('provision')));

    const [account] = sent.flat().filter(({ kind }) => kind === 'ServiceAccount');
    expect(account?.metadata.annotations?.[CLIENT_ID]).toBe('client');
  });

  it('answers the refusal of the gate, as provisioning would', async () => {
    const world = createWorld();
    const overlays = {
      ...world.ports.overlays,
      render: () => {
        throw new ProvisionerError('render', 'a token is left. Set it.', { fix: 'Set it.' });
      },
    };
    const plan = await planProvision({ ...world.ports, overlays }, newRecord(world.request('provision')));

    expect(plan).toEqual({ kind: 'refused', refusal: { guard: 'render', reason: 'a token is left. Set it.' } });
  });

  it('names no identity where none would be given', async () => {
    const world = createWorld();
    await world.handle(world.request('create'));
    await world.settle();
    const sent: KubeObject[] = [];
    const cluster = {
      ...world.cluster,
      async plan(objects: KubeObject[]) {
        sent.push(...objects);
        return [];
      },
    };
    const access = { ...world.access, plan: async () => ({ changes: [] }) };

    await planProvision(
      { ...world.ports, cluster, credentials: access },
      world.record() ?? newRecord(world.request('provision')),
    );

    const [account] = sent.filter(({ kind }) => kind === 'ServiceAccount');
    expect(account?.metadata.annotations?.[CLIENT_ID]).toBe('00000000-0000-0000-0000-000000000000');
  });
});
