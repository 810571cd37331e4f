import { describe, expect, it } from '@jest/globals';
import { answerDiagnosis as untoldAnswerDiagnosis } from '../../../lib/diagnosis/answer-diagnosis.ts';
import type { Diagnosis } from '../../../lib/diagnosis/diagnose.ts';
import type { Ports } from '../../../lib/environment/ports/ports.ts';
import { ProvisionerError } from '../../../lib/errors.ts';
import { createWorld } from '../../support/fakes/world.ts';
import { keepTold } from '../../support/keep-told.ts';

const answerDiagnosis = keepTold(untoldAnswerDiagnosis);

async function provisioned() {
  const world = createWorld();
  await world.handle(world.request('create'));
  await world.settle();
  return world;
}

async function ask(ports: Ports, name = 'ex-c4-e6') {
  const deps = { log: ports.log, records: async () => ports.records, ports: async () => ports };
  const { status, body } = await answerDiagnosis(deps, { name, requestId: 'call-1' });
  return { status, body: body as unknown as Diagnosis };
}

const down = async () => {
  throw new ProvisionerError('unavailable', 'Identity/pool-1: Azure did not answer');
};

describe('answerDiagnosis', () => {
  it('judges what the record, the overlays, the cluster and Azure say, and writes nothing', async () => {
    const world = await provisioned();
    const writes = [...world.cluster.writes];

    const { status, body } = await ask(world.ports);

    expect(status).toBe(200);
    expect(body).toMatchObject({
      environment: 'ex-c4-e6',
      namespace: 'feature-ex-c4-e6',
      phase: 'ready',
      verdict: 'ok',
    });
    expect(body.chain.map(({ link, state }) => `${link} ${state}`)).toEqual([
      'service-account ok',
      'annotation ok',
      'federated-credential ok',
      'issuer ok',
      'subject ok',
      'audience ok',
      'managed-identity ok',
    ]);
    expect(world.cluster.writes).toEqual(writes);
  });

  it('names what somebody took away', async () => {
    const world = await provisioned();
    world.access.credentials.clear();

    const { body } = await ask(world.ports);

    expect(body.verdict).toBe('broken');
    expect(body.chain.filter(({ state }) => state === 'broken').map(({ link }) => link)).toEqual([
      'federated-credential',
    ]);
  });

  it('shows since when a new credential propagates, and no longer than READY_DEADLINE', async () => {
    const world = await provisioned();

    expect((await ask(world.ports)).body.propagating).toEqual({
      since: '2026-11-23T10:00:00.000Z',
      until: '2026-11-23T10:10:00.000Z',
    });
    world.clock.advance(600_000);
    expect((await ask(world.ports)).body).not.toHaveProperty('propagating');
  });

  it('answers 200 with unknown links where a peer is out of reach', async () => {
    const { ports } = await provisioned();

    const noAzure = await ask({ ...ports, credentials: { ...ports.credentials, inspect: down } });
    const noCluster = await ask({ ...ports, cluster: { ...ports.cluster, inspect: down } });

    for (const { status, body } of [noAzure, noCluster]) {
      expect(status).toBe(200);
      expect(body.verdict).toBe('unknown');
      expect(JSON.stringify(body.chain)).toContain('Azure did not answer');
    }
    expect(noAzure.body.chain.find(({ link }) => link === 'service-account')?.state).toBe('ok');
    expect(noCluster.body.chain.find(({ link }) => link === 'federated-credential')?.state).toBe('ok');
  });

  it('has nothing to say of an environment that is gone', async () => {
    const world = await provisioned();
    world.clock.advance(1_000);
    await world.handle(world.request('delete'));
    await world.settle();

    expect((await ask(world.ports)).status).toBe(404);
  });

  it('knows no environment that has no record, whatever its name, and says 503 where records cannot be read', async () => {
    const { ports } = await provisioned();

    expect((await ask(ports, 'other')).status).toBe(404);
    expect((await ask(ports, '../secrets')).status).toBe(404);
    expect((await ask({ ...ports, records: { ...ports.records, read: down } })).status).toBe(503);
  });
});
