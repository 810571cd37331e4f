import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readVersion } from '../../../lib/app-files.ts';
import { createTelemetryDeps } from '../../../lib/deps/telemetry.ts';
import { createWorld } from '../../support/fakes/world.ts';
import { type OtlpReceiver, startOtlpReceiver } from '../../support/otlp-receiver.ts';
import { said } from '../sweep/lost.ts';
import { machineIn } from './machine.ts';

let receiver: OtlpReceiver;

beforeAll(async () => {
  receiver = await startOtlpReceiver();
  // the exporters read it for themselves
  process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] = receiver.url;
  process.env['OTEL_BSP_SCHEDULE_DELAY'] = '1';
});
afterAll(async () => {
  delete process.env['OTEL_EXPORTER_OTLP_ENDPOINT'];
  delete process.env['OTEL_BSP_SCHEDULE_DELAY'];
  await receiver.close();
});

function open(env: Record<string, string>) {
  const world = createWorld();
  return { world, deps: createTelemetryDeps(machineIn(world, env)) };
}

describe('without a collector', () => {
  it.each<Record<string, string>>([{}, { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector.test' }])(
    'all is as it was, and a wrong setting is said once: %j',
    async (env) => {
      const { world, deps } = open(env);
      const { ports } = world;
      expect(await deps.inSpan({ name: 'x' }, async () => 'done')).toBe('done');
      expect(await deps.traced(ports)).toBe(ports);
      expect(await deps.tracedRequests(world.requests)).toBe(world.requests);
      expect(await deps.countedLog(ports.log)).toBe(ports.log);
      const request = world.request('create');
      expect(await deps.tracedWork(async (...given) => given)(ports, request)).toEqual([ports, request]);
      expect(said(world, 'no telemetry')).toEqual(
        'OTEL_EXPORTER_OTLP_ENDPOINT' in env
          ? [
              {
                code: 'settings',
                message: 'OTEL_EXPORTER_OTLP_ENDPOINT is neither an https address nor an http one of this machine',
                fix: expect.any(String) as unknown,
              },
            ]
          : [],
      );
    },
  );
});

describe('with a collector', () => {
  it('work, ports, requests and messages are traced, and the log is counted', async () => {
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_METRIC_EXPORT_INTERVAL: '3600000' };
    const { world, deps } = open(env);
    const { ports } = world;
    const request = world.request('create');
    await deps.inSpan({ name: 'POST /x', kind: 'server' }, async () => {
      await (await deps.tracedRequests(world.requests)).send(request);
      await (await deps.traced(ports)).cluster.readNamespace('absent');
    });
    expect(world.requests.waiting[0]?.request.traceparent).toMatch(/^00-/);
    await deps.tracedWork(async (by) => by.log.info('worked'))(ports, request);
    expect(world.log).toEqual(['worked {}']);
    const counted = await deps.countedLog(ports.log);
    counted.warn('said', { n: 1 });
    expect(counted).not.toBe(ports.log);
    expect(world.log.at(-1)).toBe('said {"n":1}');
    const names = () => receiver.spans.map(({ name }) => name).toSorted();
    const expected = [
      'POST /x',
      'kubernetes readNamespace',
      'process environment-requests',
      'send environment-requests',
    ];
    for (let tries = 0; tries < 500 && names().length < expected.length; tries += 1)
      await new Promise((resolve) => setTimeout(resolve, 5));
    expect(names()).toEqual(expected);
    expect(receiver.raw.join('\n')).toContain(`{"key":"service.version","value":{"stringValue":"${readVersion()}"}}`);
  });
});
