import { beforeEach, describe, expect, it } from '@jest/globals';
import { answerDiagnosis } from '../../../lib/diagnosis/answer-diagnosis.ts';
import { diagnose } from '../../../lib/diagnosis/diagnose.ts';
import type { EnvironmentRecord } from '../../../lib/environment/model/record.ts';
import { NO_IDENTITY } from '../../../lib/environment/steps/render.ts';
import type { CredentialRequest } from '../../../lib/environment/ports/credentials.ts';
import { ProvisionerError } from '../../../lib/errors.ts';
import { IDENTITY } from '../../support/fakes/access.ts';
import { NAMESPACE, type World, createWorld } from '../../support/fakes/world.ts';

const CSI = 'secrets-store.csi.x-k8s.io/v1';
const CHAIN_KINDS = [
  { apiVersion: 'v1', kind: 'ServiceAccount' },
  { apiVersion: 'v1', kind: 'Pod' },
  { apiVersion: 'v1', kind: 'Event' },
  { apiVersion: CSI, kind: 'SecretProviderClass' },
  { apiVersion: CSI, kind: 'SecretProviderClassPodStatus' },
];
const CREDENTIAL = {
  serviceAccount: 'postgres-service-account',
  name: 'keyvault-workload-identity-ex-c4-e6',
  subject: `system:serviceaccount:${NAMESPACE}:postgres-service-account`,
  audience: 'api://AzureADTokenExchange',
};

let world: World;
beforeEach(async () => {
  world = createWorld();
  await world.handle(world.request('create'));
  world.log.length = 0;
});

function record(): EnvironmentRecord {
  const found = world.record();
  if (found === undefined) throw new Error('no record');
  return found;
}

describe('diagnose', () => {
  it('asks the cluster for the kinds of the chain, and each kind of workload that is rendered once', async () => {
    const kinds = ['DaemonSet', 'StatefulSet', 'CronJob', 'Deployment', 'Deployment', 'Job', 'ReplicaSet'];
    world.overlays.objects = kinds.map((kind, at) => ({ apiVersion: 'x/v1', kind, metadata: { name: `w-${at}` } }));
    const asked: unknown[] = [];
    world.cluster.inspect = async (...given) => {
      asked.push(given);
      return [];
    };
    await diagnose(world.ports, record());
    const workloads = ['DaemonSet', 'StatefulSet', 'CronJob', 'Deployment'].map((kind) => ({
      apiVersion: 'x/v1',
      kind,
    }));
    expect(asked).toEqual([[[...workloads, ...CHAIN_KINDS], { namespace: NAMESPACE }]]);
  });

  it('asks Azure for what the overlays want, by the identity of the record', async () => {
    const asked: CredentialRequest[] = [];
    const { inspect } = world.access;
    world.access.inspect = async (request) => {
      asked.push(request);
      return inspect(request);
    };
    await diagnose(world.ports, record());
    expect(asked).toEqual([
      {
        slug: 'ex-c4-e6',
        namespace: NAMESPACE,
        wanted: [CREDENTIAL],
        identity: IDENTITY,
        written: [CREDENTIAL.name],
        nameOf: expect.any(Function),
      },
    ]);
  });

  it('judges by the ids of the identity where it was placed, and by none where it was not', async () => {
    const rendered: string[] = [];
    const { render } = world.ports.overlays;
    world.ports.overlays = {
      from: 'app',
      hash: 'x',
      render(values) {
        rendered.push(`${values.clientId} ${values.tenantId}`);
        return render(values);
      },
    };
    await diagnose(world.ports, record());
    expect(rendered).toEqual([`${NO_IDENTITY} ${NO_IDENTITY}`, 'client tenant']);

    rendered.length = 0;
    const unplaced = record();
    delete unplaced.identity;
    await diagnose(world.ports, unplaced);
    expect(rendered).toEqual([`${NO_IDENTITY} ${NO_IDENTITY}`]);
  });

  it('says of which environment, in which phase, when it looked, and what the record waits for', async () => {
    const { inspect } = world.access;
    world.access.inspect = async (request) => ({ ...(await inspect(request)), placed: [] });
    const diagnosis = await diagnose(world.ports, { ...record(), phase: 'waiting', waitingOn: 'a free slot' });
    expect(diagnosis).toMatchObject({
      environment: 'ex-c4-e6',
      namespace: NAMESPACE,
      phase: 'waiting',
      at: '2026-11-23T10:00:00.000Z',
      propagating: { since: '2026-11-23T10:00:00.000Z', until: '2026-11-23T10:10:00.000Z' },
    });
    expect(diagnosis.chain.find(({ link }) => link === 'managed-identity')?.found).toBe('a free slot');
  });

  it('says why the overlays do not render, and asks Azure for nothing by them', async () => {
    const asked: unknown[] = [];
    const { inspect } = world.access;
    world.access.inspect = async (request) => {
      asked.push(request.wanted);
      return inspect(request);
    };
    world.ports.overlays = {
      from: 'app',
      hash: 'x',
      render: () => {
        throw new ProvisionerError('render', 'OVERLAY_X has no value');
      },
    };
    const { verdict, chain } = await diagnose(world.ports, record());
    expect(verdict).toBe('unknown');
    expect(chain).toMatchObject([
      { link: 'workload', object: `Namespace/${NAMESPACE}`, state: 'unknown', found: 'OVERLAY_X has no value' },
    ]);
    expect(asked).toEqual([[]]);
  });

  it('judges the branch’s own manifests where it runs them, and the app’s where those are stored no more', async () => {
    const own = { from: 'branch' as const, hash: 'own', render: () => [] };
    let stored: typeof own | undefined = own;
    world.settings.branchManifests = true;
    world.ports.branchTemplates = {
      load: async () => stored,
      store: async () => undefined,
      prune: async () => undefined,
      list: async function* () {},
      remove: async () => undefined,
    };
    const branch = { ...record(), manifests: 'digest' };
    expect((await diagnose(world.ports, branch)).verdict).toBe('none');
    stored = undefined;
    expect((await diagnose(world.ports, branch)).verdict).toBe('ok');
  });

  it.each<[string, () => void]>([
    ['Azure', () => void (world.access.inspect = () => Promise.reject(down()))],
    ['the cluster', () => void (world.cluster.inspect = () => Promise.reject(down()))],
  ])('logs why %s could not be asked', async (_, strike) => {
    strike();
    await diagnose(world.ports, record());
    expect(world.log).toEqual([
      `not diagnosed ${JSON.stringify({ environment: 'ex-c4-e6', code: 'unavailable', message: 'no answer', object: 'Identity/x', fix: down().fix })}`,
    ]);
  });
});

const down = () => new ProvisionerError('unavailable', 'no answer', { object: 'Identity/x' });

describe('answerDiagnosis', () => {
  const ask = (name: string | undefined, read = world.ports.records.read) =>
    answerDiagnosis(
      { log: world.ports.log, records: async () => ({ ...world.ports.records, read }), ports: async () => world.ports },
      { name, requestId: 'call-1' },
    );

  it('logs a failure with the id that it answers with', async () => {
    const { status, body } = await ask('ex-c4-e6', () => Promise.reject(down()));
    const { code, message, object, fix } = down();
    expect(status).toBe(503);
    expect(body).toMatchObject({ outcome: 'error', error: { code: 'unavailable' }, requestId: 'call-1' });
    expect(world.log).toEqual([`not diagnosed ${JSON.stringify({ code, message, object, fix, requestId: 'call-1' })}`]);
  });

  it.each<[string, string | undefined, string]>([
    ['none of this name', 'other', 'no environment has this name'],
    ['no name', undefined, 'no environment has this name'],
    ['one that is gone', 'ex-c4-e6', 'this environment is gone'],
  ])('answers 404 for %s', async (_, name, message) => {
    world.clock.advance(1_000);
    await world.handle(world.request('delete'));
    await world.settle();
    expect(await ask(name)).toMatchObject({
      status: 404,
      body: { outcome: 'error', error: { code: 'not-found', message }, requestId: 'call-1' },
    });
  });
});
