import { readVersion } from '../app-files.ts';
import { once } from '../concurrency.ts';
import { readTelemetrySettings } from '../config.ts';
import type { Ports, Requests } from '../environment/ports/ports.ts';
import type { EnvironmentRequest } from '../environment/model/request.ts';
import { toLogFields } from '../errors.ts';
import { processLog } from '../log.ts';
import type { SpanOptions, Telemetry } from '../telemetry/telemetry.ts';

/** Undefined, with nothing loaded, where no collector is configured; a wrong setting is said once and stops nothing. */
export const telemetry = once(async (): Promise<Telemetry | undefined> => {
  try {
    const settings = readTelemetrySettings(process.env);
    if (settings === undefined) return undefined;
    const [{ createTelemetry }, { onRetry }] = await Promise.all([
      import('../telemetry/open-telemetry.ts'),
      import('../telemetry/retries.ts'),
    ]);
    const made = createTelemetry({ ...settings, version: readVersion() });
    onRetry((peer, reason) => made.record('feature_branch.retries', 1, { peer, reason }));
    return made;
  } catch (thrown) {
    processLog.warn('no telemetry', { ...toLogFields(thrown) });
    return undefined;
  }
});

/** Runs a function's work in a span, where telemetry is configured. */
export async function inSpan<T>(options: SpanOptions, work: () => Promise<T>): Promise<T> {
  const made = await telemetry();
  return made === undefined ? work() : made.span(options, work);
}

export async function traced(ports: Ports): Promise<Ports> {
  const made = await telemetry();
  if (made === undefined) return ports;
  return (await import('../telemetry/instrument.ts')).tracePorts(made, ports);
}

export async function tracedRequests(requests: Requests): Promise<Requests> {
  const made = await telemetry();
  if (made === undefined) return requests;
  return (await import('../telemetry/instrument.ts')).traceRequests(made, requests);
}

type Work = (ports: Ports, request: EnvironmentRequest) => Promise<unknown>;

/** The same work, each message in the trace that its request bears. */
export function tracedWork(work: Work): Work {
  return async (ports, request) => {
    const made = await telemetry();
    if (made === undefined) return work(ports, request);
    return (await import('../telemetry/instrument.ts')).traceWork(made, work)(ports, request);
  };
}
