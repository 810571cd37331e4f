import { readVersion } from '../app-files.ts';
import { once } from '../concurrency.ts';
import { readTelemetrySettings } from '../config.ts';
import type { EnvironmentRequest } from '../environment/model/request.ts';
import type { Log, Ports, Requests } from '../environment/ports/ports.ts';
import { toLogFields } from '../errors.ts';
import type { SpanOptions, Telemetry } from '../telemetry/telemetry.ts';
import type { Machine } from './machine.ts';

type Work = (ports: Ports, request: EnvironmentRequest) => Promise<unknown>;

/** Spans and metrics around the app's work; without a collector nothing is loaded and all is as it was. */
export interface TelemetryDeps {
  /** Runs a function's work in a span. */
  inSpan<T>(options: SpanOptions, work: () => Promise<T>): Promise<T>;
  traced(ports: Ports): Promise<Ports>;
  tracedRequests(requests: Requests): Promise<Requests>;
  /** The same log, with what is counted of it counted. */
  countedLog(log: Log): Promise<Log>;
  /** The same work, each message in the trace that its request bears. */
  tracedWork(work: Work): Work;
}

export function createTelemetryDeps({ env, log }: Machine): TelemetryDeps {
  /** A wrong setting is said once and stops nothing. */
  const telemetry = once(async (): Promise<Telemetry | undefined> => {
    try {
      const settings = readTelemetrySettings(env);
      if (settings === undefined) return undefined;
      const [{ createTelemetry }, { onRetry }] = await Promise.all([
        import('../telemetry/open-telemetry.ts'),
        import('../telemetry/retries.ts'),
      ]);
      const made = createTelemetry({ ...settings, version: readVersion() });
      onRetry((peer, reason) => made.record('feature_branch.retries', 1, { peer, reason }));
      return made;
    } catch (thrown) {
      log.warn('no telemetry', { ...toLogFields(thrown) });
      return undefined;
    }
  });
  const instrument = () => import('../telemetry/instrument.ts');
  return {
    async inSpan(options, work) {
      const made = await telemetry();
      return made === undefined ? work() : made.span(options, work);
    },
    async traced(ports) {
      const made = await telemetry();
      return made === undefined ? ports : (await instrument()).tracePorts(made, ports);
    },
    async tracedRequests(requests) {
      const made = await telemetry();
      return made === undefined ? requests : (await instrument()).traceRequests(made, requests);
    },
    async countedLog(log) {
      const made = await telemetry();
      return made === undefined ? log : (await instrument()).countLog(made, log);
    },
    tracedWork: (work) => async (ports, request) => {
      const made = await telemetry();
      return made === undefined ? work(ports, request) : (await instrument()).traceWork(made, work)(ports, request);
    },
  };
}
