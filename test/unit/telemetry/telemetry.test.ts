import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { retrying } from '../../../lib/azure/arm-retry.ts';
import { onRetry } from '../../../lib/telemetry/retries.ts';
import { readTelemetrySettings } from '../../../lib/config.ts';
import { ProvisionerError } from '../../../lib/errors.ts';
import { reconcile } from '../../../lib/environment/reconcile.ts';
import { handleMessage } from '../../../lib/intake/message.ts';
import { receiveWebhook } from '../../../lib/intake/webhook/webhook.ts';
import { makeDelivery } from '../../../local/github/deliveries.ts';
import { sweep } from '../../../lib/sweep/sweep.ts';
import { tracePorts, traceRequests, traceWork } from '../../../lib/telemetry/instrument.ts';
import { createTelemetry } from '../../../lib/telemetry/open-telemetry.ts';
import type { Telemetry } from '../../../lib/telemetry/telemetry.ts';
import { createWorld, type World } from '../../support/fakes/world.ts';
import { type OtlpReceiver, startOtlpReceiver } from '../../support/otlp-receiver.ts';

const SECRET = 'a secret of more than 16 bytes';
let receiver: OtlpReceiver;
let telemetry: Telemetry;

beforeAll(async () => {
  receiver = await startOtlpReceiver();
  process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] = receiver.url;
  telemetry = createTelemetry({ serviceName: 'app', version: '1', metricsEveryMs: 3_600_000 });
});
afterAll(async () => {
  delete process.env['OTEL_EXPORTER_OTLP_ENDPOINT'];
  // what the last test left would be sent to nobody, again and again
  await telemetry.flush();
  await receiver.close();
});

/** A signed delivery and all that follows from it, through a queue that only text passes. */
async function deliver(world: World): Promise<void> {
  const ports = tracePorts(telemetry, world.ports);
  const repository = { fullName: 'acme/shop', id: 42, defaultBranch: 'trunk' };
  const { headers, body } = makeDelivery({ event: 'create', secret: SECRET, ref: 'ex-c4-e6', repository });
  await telemetry.span({ name: 'POST /api/github/webhook', kind: 'server' }, () =>
    receiveWebhook(
      {
        secrets: () => [SECRET],
        settings: () => ({
          ...world.settings,
          repositories: [...world.settings.repositories],
          defaultBranches: [...world.settings.defaultBranches],
          protectedNamespaces: [...world.settings.protectedNamespaces],
        }),
        requests: async () => traceRequests(telemetry, world.requests),
        clock: world.clock,
        newId: world.ports.newId,
        log: world.ports.log,
      },
      {
        header: (name) => new Headers(headers).get(name) ?? undefined,
        bytes: new Uint8Array(body),
        requestId: 'invocation',
      },
    ),
  );
  for (let next = world.requests.waiting.shift(); next !== undefined; next = world.requests.waiting.shift()) {
    if (next.due > world.clock.now()) world.clock.advance(next.due - world.clock.now());
    const message: unknown = JSON.parse(JSON.stringify(next.request));
    const deps = { log: ports.log, clock: world.clock, requests: async () => ports.requests, ports: async () => ports };
    await handleMessage(deps, { message, work: traceWork(telemetry, reconcile) });
  }
}

describe('telemetry by OTLP', () => {
  it('makes one trace of a delivery, from the webhook through the queue to ready', async () => {
    const world = createWorld();
    await deliver(world);
    await telemetry.flush();

    expect(world.record()?.phase).toBe('ready');
    const { spans } = receiver;
    expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1);
    const parentOf = (name: string): string | undefined => {
      const span = spans.find((one) => one.name === name);
      return spans.find(({ spanId }) => spanId === span?.parentSpanId)?.name;
    };
    expect(parentOf('send environment-requests')).toBe('POST /api/github/webhook');
    expect(parentOf('process environment-requests')).toBe('send environment-requests');
    expect(parentOf('step namespace')).toBe('process environment-requests');
    expect(parentOf('kubernetes createNamespace')).toBe('step namespace');
    expect(spans.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['kubernetes apply', 'azure ensure', 'storage write', 'step credential']),
    );
  });

  it('puts environment and delivery id on every span, the webhook included, and on every log line of the work', async () => {
    const spans = receiver.spans.filter(({ name }) => name !== 'sweep');
    const without = spans.filter(
      ({ attributes }) =>
        attributes['feature_branch.environment'] !== 'ex-c4-e6' ||
        attributes['feature_branch.delivery_id'] === undefined,
    );

    expect(spans.length).toBeGreaterThan(10);
    expect(without.map(({ name }) => name)).toEqual([]);
    const world = createWorld();
    await deliver(world);
    expect(world.log.filter((line) => !line.includes('"deliveryId":'))).toEqual([]);
  });

  it('measures how long it took and what the sweep saw', async () => {
    const world = createWorld();
    await deliver(world);
    await sweep(tracePorts(telemetry, world.ports));
    await telemetry.flush();

    const { metrics } = receiver;
    expect([...metrics.keys()]).toEqual(
      expect.arrayContaining([
        'feature_branch.queue.age',
        'feature_branch.time_to_applied',
        'feature_branch.time_to_ready',
        'feature_branch.step.duration',
      ]),
    );
    const pointsOf = (name: string) => metrics.get(name)?.points ?? [];
    expect(pointsOf('feature_branch.environments')).toEqual([{ value: 1, attributes: { phase: 'ready' } }]);
    expect(pointsOf('feature_branch.credential_slots')).toContainEqual({ value: 1, attributes: { state: 'used' } });
    expect(pointsOf('feature_branch.sweeps')).toEqual([{ value: 1, attributes: { result: 'done' } }]);
    expect(pointsOf('feature_branch.step.duration').map(({ attributes }) => attributes['step'])).toContain('namespace');
  });

  it('counts calls that are sent again, by peer and reason', async () => {
    onRetry((peer, reason) => telemetry.record('feature_branch.retries', 1, { peer, reason }));
    let tries = 0;
    const clock = { now: () => 0, sleep: async () => {} };
    await retrying({ clock, random: () => 0 }, { object: 'one' }, async () => {
      tries += 1;
      if (tries < 3) throw Object.assign(new Error('busy'), { name: 'RestError', statusCode: 503 });
    });
    await telemetry.flush();

    expect(receiver.metrics.get('feature_branch.retries')?.points).toEqual([
      { value: 2, attributes: { peer: 'azure', reason: '503' } },
    ]);
  });

  it('marks a failed span by the code of the failure, and never sends its text', async () => {
    const failing = telemetry.span({ name: 'failing' }, () =>
      Promise.reject(new ProvisionerError('unavailable', 'the words of a peer')),
    );

    await expect(failing).rejects.toThrow('the words of a peer');
    await telemetry.flush();
    const span = receiver.spans.find(({ name }) => name === 'failing');
    expect(span?.attributes['error.type']).toBe('unavailable');
    expect(receiver.raw.join('\n')).not.toContain('the words of a peer');
  });

  it.each(['00-zz', '', '00-00000000000000000000000000000000-0000-01'])(
    'begins a trace of its own after %j',
    async (bad) => {
      const traceparent = await telemetry.span({ name: 'own', parent: bad }, async () => telemetry.traceparent());

      expect(traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    },
  );
});

describe('readTelemetrySettings', () => {
  it('is off without a collector, and refuses to send in the clear beyond this machine', () => {
    expect(readTelemetrySettings({})).toBeUndefined();
    expect(readTelemetrySettings({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://localhost:4318' })).toBeDefined();
    expect(() => readTelemetrySettings({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector.test' })).toThrow(/OTEL_/);
  });
});
