import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { countLog, tracePorts, traceRequests, traceWork } from '../../../lib/telemetry/instrument.ts';
import { createTelemetry } from '../../../lib/telemetry/open-telemetry.ts';
import type { Telemetry } from '../../../lib/telemetry/telemetry.ts';
import { createWorld } from '../../support/fakes/world.ts';
import { type OtlpReceiver, startOtlpReceiver } from '../../support/otlp-receiver.ts';

const QUEUE = {
  'messaging.system': 'azure_queue_storage',
  'messaging.destination.name': 'environment-requests',
};
/** As OTLP numbers them. */
const KIND = { internal: 1, server: 2, client: 3, producer: 4, consumer: 5 };

let receiver: OtlpReceiver;
let telemetry: Telemetry;

beforeAll(async () => {
  receiver = await startOtlpReceiver();
  process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] = receiver.url;
});
afterAll(async () => {
  delete process.env['OTEL_EXPORTER_OTLP_ENDPOINT'];
  await receiver.close();
});
beforeEach(() => {
  receiver.spans.length = 0;
  receiver.metrics.clear();
  receiver.raw.length = 0;
  // counts go on from export to export
  telemetry = createTelemetry({ serviceName: 'app', version: '7', metricsEveryMs: 3_600_000 });
});
afterEach(() => void jest.restoreAllMocks());

async function told() {
  await telemetry.flush();
  const spans = receiver.spans.map(({ name, kind, attributes, status }) => ({ name, kind, attributes, status }));
  return { spans, points: (name: string) => receiver.metrics.get(name)?.points };
}

describe('a message of the queue', () => {
  it.each([
    [0, 'delivery-1', [{ value: 5, attributes: {} }]],
    [1, undefined, undefined],
  ])('at attempt %i is one span in the trace of its sender, and its age is told once', async (attempt, id, ages) => {
    const world = createWorld();
    const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
    const request = { ...world.request('push', { ref: 'ex-1', attempt }), traceparent };
    if (id === undefined) delete request.deliveryId;
    else request.deliveryId = id;
    world.clock.advance(5_000);
    const work = traceWork(telemetry, async (ports, of) => ({ ports, of }));
    const given = (await work(world.ports, request)) as { ports: object; of: object };
    expect(given.of).toBe(request);
    expect({ ...given.ports, log: undefined }).toEqual({ ...world.ports, log: undefined });
    const { spans, points } = await told();
    expect(spans).toEqual([
      {
        name: 'process environment-requests',
        kind: KIND.consumer,
        attributes: {
          ...QUEUE,
          'messaging.operation.type': 'process',
          'feature_branch.reason': 'push',
          'feature_branch.attempt': attempt,
          'feature_branch.environment': 'ex-1',
          ...(id !== undefined && { 'feature_branch.delivery_id': id }),
        },
        status: { code: 0 },
      },
    ]);
    expect(receiver.spans[0]).toMatchObject({ traceId: 'a'.repeat(32), parentSpanId: 'b'.repeat(16) });
    expect(points('feature_branch.queue.age')).toEqual(ages);
  });

  it.each<[string, { reason: 'push' | 'sweep'; attempt: number; message: string }, string[]]>([
    ['applied at its first attempt', { reason: 'push', attempt: 0, message: 'applied' }, ['applied']],
    ['applied later', { reason: 'push', attempt: 1, message: 'applied' }, []],
    ['applied by a sweep', { reason: 'sweep', attempt: 0, message: 'applied' }, []],
    ['ready at any attempt', { reason: 'push', attempt: 3, message: 'ready' }, ['ready']],
    ['ready by a sweep', { reason: 'sweep', attempt: 0, message: 'ready' }, []],
    ['anything else', { reason: 'push', attempt: 0, message: 'queued' }, []],
  ])('that says %s has its time told, and every line is written', async (_what, given, expected) => {
    const { reason, attempt, message } = given;
    const world = createWorld();
    const request = world.request(reason, { attempt });
    const work = traceWork(telemetry, async ({ log }) => {
      world.clock.advance(2_500);
      log.info(message, { n: 1 });
      log.warn('w', { n: 2 });
      log.error('e');
    });
    await work(world.ports, request);
    const { points } = await told();
    const timed = ['applied', 'ready'].filter((one) => points(`feature_branch.time_to_${one}`) !== undefined);
    expect(timed).toEqual(expected);
    for (const one of timed) expect(points(`feature_branch.time_to_${one}`)).toEqual([{ value: 2.5, attributes: {} }]);
    expect(world.log).toEqual([`${message} {"n":1}`, 'w {"n":2}', 'e {}']);
  });
});

describe('a request', () => {
  it('goes out with its delay in the trace of its span, and all spans around it learn whose it is', async () => {
    const world = createWorld();
    const requests = traceRequests(telemetry, world.requests);
    const request = world.request('create', { ref: 'ex-1', deliveryId: 'delivery-1' });
    await telemetry.span({ name: 'POST /x', kind: 'server' }, () => requests.send(request, 7_000));
    const [sent] = world.requests.waiting;
    const { spans } = await told();
    const own = { 'feature_branch.environment': 'ex-1', 'feature_branch.delivery_id': 'delivery-1' };
    const send = { ...QUEUE, 'messaging.operation.type': 'send', ...own };
    expect(spans).toEqual([
      { name: 'send environment-requests', kind: KIND.producer, attributes: send, status: { code: 0 } },
      { name: 'POST /x', kind: KIND.server, attributes: own, status: { code: 0 } },
    ]);
    const [span] = receiver.spans;
    expect(sent).toEqual({
      request: { ...request, traceparent: `00-${span?.traceId}-${span?.spanId}-01` },
      due: world.clock.now() + 7_000,
    });
    await requests.sendToPoison(request, 1);
    expect(world.requests.poison).toHaveLength(1);
  });
});

describe('the ports', () => {
  it('are traced by peer and call, lists of records and what is no peer excepted', async () => {
    const world = createWorld({ github: true });
    const traced = tracePorts(telemetry, world.ports);
    expect(Object.keys(traced).toSorted()).toEqual([...Object.keys(world.ports), 'step'].toSorted());
    expect(traced.sweeps).toBe(world.ports.sweeps);
    await traced.cluster.readNamespace('absent');
    await traced.credentials.holdings();
    await traced.records.read('absent');
    await traced.branches?.read({ fullName: 'acme/shop' }, 'ex-1');
    expect(await Array.fromAsync(traced.records.list())).toEqual([]);
    const { spans } = await told();
    expect(spans).toEqual(
      [
        ['kubernetes readNamespace', 'kubernetes'],
        ['azure holdings', 'azure'],
        ['storage read', 'storage'],
        ['github read', 'github'],
      ].map(([name, peer]) => ({
        ...{ name, kind: KIND.client, attributes: { 'service.peer.name': peer }, status: { code: 0 } },
      })),
    );
    expect(tracePorts(telemetry, createWorld().ports)).not.toHaveProperty('branches');
  });

  it('tell how long a step took, in seconds, whether it ended well or not', async () => {
    const traced = tracePorts(telemetry, createWorld().ports);
    let now = 1_000;
    jest.spyOn(performance, 'now').mockImplementation(() => now);
    expect(await traced.step?.('render', async () => ((now += 2_500), 'done'))).toBe('done');
    const failing = async () => {
      now += 500;
      throw new Error('x');
    };
    await expect(traced.step?.('apply', failing)).rejects.toThrow('x');
    jest.restoreAllMocks();
    const { spans, points } = await told();
    expect(points('feature_branch.step.duration')).toEqual([
      { value: 2.5, attributes: { step: 'render' } },
      { value: 0.5, attributes: { step: 'apply' } },
    ]);
    expect(spans).toEqual([
      { name: 'step render', kind: KIND.internal, attributes: {}, status: { code: 0 } },
      {
        name: 'step apply',
        kind: KIND.internal,
        attributes: { 'error.type': 'internal' },
        status: { code: 2, message: 'internal' },
      },
    ]);
  });
});

describe('what the app says of itself', () => {
  it.each<['info' | 'warn' | 'error', string, object, string, object[] | undefined]>([
    ['error', 'failed', { code: 'render' }, 'outcomes', [{ outcome: 'failed', why: 'render' }]],
    ['info', 'refused', { guard: 'owner' }, 'outcomes', [{ outcome: 'refused', why: 'owner' }]],
    ['warn', 'abandoned', { code: 7 }, 'outcomes', [{ outcome: 'abandoned', why: '' }]],
    ['info', 'refused', { code: 'gone', guard: 'owner' }, 'outcomes', [{ outcome: 'refused', why: 'gone' }]],
    ['info', 'ready', {}, 'outcomes', undefined],
    ['error', 'audit not written', {}, 'audit.failures', [{}]],
    ['info', 'ready', {}, 'audit.failures', undefined],
    ['error', 'sweep failed', {}, 'sweeps', [{ result: 'failed' }]],
    ['info', 'swept', { failed: 0 }, 'sweeps', [{ result: 'done' }]],
    ['info', 'swept', { failed: 1 }, 'sweeps', [{ result: 'in part' }]],
    ['info', 'ready', {}, 'sweeps', undefined],
  ])('is counted by what it says, %s %s %j as %s', async (level, message, fields, metric, expected) => {
    const world = createWorld();
    countLog(telemetry, world.ports.log)[level](message, fields as Record<string, unknown>);
    const { points } = await told();
    expect(points(`feature_branch.${metric}`)).toEqual(expected?.map((attributes) => ({ value: 1, attributes })));
    expect(world.log).toEqual([`${message} ${JSON.stringify(fields)}`]);
  });

  it('is written at its level, with and without fields', () => {
    const lines: unknown[][] = [];
    const write =
      (level: string) =>
      (...parts: unknown[]): void =>
        void lines.push([level, ...parts]);
    const log = countLog(telemetry, { info: write('info'), warn: write('warn'), error: write('error') });
    log.info('failed');
    log.warn('w', { n: 1 });
    log.error('e');
    expect(lines).toEqual([
      ['info', 'failed', undefined],
      ['warn', 'w', { n: 1 }],
      ['error', 'e', undefined],
    ]);
  });

  it('has a gauge for each phase and each kind of slot that a sweep saw', async () => {
    const log = countLog(telemetry, createWorld().ports.log);
    log.info('swept', { failed: 0, phases: { ready: 3, failed: 1 }, slots: { used: 4, free: 16 } });
    const { points } = await told();
    expect(points('feature_branch.environments')).toEqual([
      { value: 3, attributes: { phase: 'ready' } },
      { value: 1, attributes: { phase: 'failed' } },
    ]);
    expect(points('feature_branch.credential_slots')).toEqual([
      { value: 4, attributes: { state: 'used' } },
      { value: 16, attributes: { state: 'free' } },
    ]);
    // the next sweep saw fewer: what is counted up would never fall
    log.info('swept', { failed: 0, phases: { ready: 2 }, slots: { used: 4, free: 16 } });
    const { points: later } = await told();
    expect(later('feature_branch.environments')).toContainEqual({ value: 2, attributes: { phase: 'ready' } });
  });
});

describe('the exporter', () => {
  it('states the service, and the bounds by which dashboards ask for durations', async () => {
    telemetry.record('feature_branch.queue.age', 0.3);
    await telemetry.span({ name: 'own' }, async () => undefined);
    await telemetry.flush();
    const raw = receiver.raw.join('\n');
    for (const [key, value] of [
      ['service.name', 'app'],
      ['service.version', '7'],
    ])
      expect(raw.split(`{"key":"${key}","value":{"stringValue":"${value}"}}`)).toHaveLength(3);
    expect(raw).toContain('"explicitBounds":[0.005,0.025,0.1,0.25,0.5,1,2.5,5,10,20,30,60,120,300,600]');
    expect(raw).toContain('"unit":"s"');
  });

  it('gives a span’s own attributes to it alone, and the shared ones to all within it', async () => {
    const outer = { name: 'outer', attributes: { own: 1 }, shared: { all: 'a' } };
    await telemetry.span(outer, async () => {
      await telemetry.span({ name: 'inner', attributes: { mine: true } }, async () => undefined);
      telemetry.share({ late: 'b' });
      await telemetry.span({ name: 'after' }, async () => undefined);
    });
    expect(telemetry.traceparent()).toBeUndefined();
    const { spans } = await told();
    expect(Object.fromEntries(spans.map(({ name, attributes }) => [name, attributes]))).toEqual({
      inner: { mine: true, all: 'a' },
      after: { all: 'a', late: 'b' },
      outer: { own: 1, all: 'a', late: 'b' },
    });
    const [inner, after, last] = receiver.spans;
    expect([inner?.parentSpanId, after?.parentSpanId]).toEqual([last?.spanId, last?.spanId]);
    expect(last?.parentSpanId ?? '').toBe('');
  });
});
