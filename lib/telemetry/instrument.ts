import type { Log, Ports, Requests } from '../environment/ports/ports.ts';
import type { EnvironmentRequest } from '../environment/model/request.ts';
import type { Attributes, Telemetry } from './telemetry.ts';

const ENVIRONMENT = 'feature_branch.environment';
const DELIVERY = 'feature_branch.delivery_id';
const QUEUE = {
  'messaging.system': 'azure_queue_storage',
  'messaging.destination.name': 'environment-requests',
};

type Work = (ports: Ports, request: EnvironmentRequest) => Promise<unknown>;

/** One message of the queue in a span of the trace that its sender began; all that the ports do becomes part of it. */
export function traceWork(telemetry: Telemetry, work: Work): Work {
  return (ports, request) => {
    const { environment, deliveryId, traceparent, attempt, reason } = request;
    const now = ports.clock.now();
    if (attempt === 0) telemetry.record('feature_branch.queue.age', (now - Date.parse(request.at)) / 1_000);
    const attributes = { ...QUEUE, 'messaging.operation.type': 'process', 'feature_branch.reason': reason };
    return telemetry.span(
      {
        name: 'process environment-requests',
        kind: 'consumer',
        parent: traceparent,
        shared: sharedOf(environment, deliveryId),
        attributes: { ...attributes, 'feature_branch.attempt': attempt },
      },
      () => work({ ...ports, log: timeLog(telemetry, { ports, request }) }, request),
    );
  };
}

function sharedOf(environment: string, deliveryId: string | undefined): Attributes {
  return { [ENVIRONMENT]: environment, ...(deliveryId !== undefined && { [DELIVERY]: deliveryId }) };
}

/** The request goes out with the trace context of its own span, so that whoever takes it goes on in this trace. */
export function traceRequests(telemetry: Telemetry, requests: Requests): Requests {
  return {
    ...requests,
    send(request, delayMs) {
      telemetry.share(sharedOf(request.environment, request.deliveryId));
      const attributes = { ...QUEUE, 'messaging.operation.type': 'send' };
      return telemetry.span({ name: 'send environment-requests', kind: 'producer', attributes }, () => {
        const traceparent = telemetry.traceparent();
        return requests.send({ ...request, ...(traceparent !== undefined && { traceparent }) }, delayMs);
      });
    },
  };
}

/** Ports whose calls are spans, each named by its peer and what is asked of it; reads of the core itself stay as they are. */
export function tracePorts(telemetry: Telemetry, ports: Ports): Ports {
  return {
    ...ports,
    log: countLog(telemetry, ports.log),
    requests: traceRequests(telemetry, ports.requests),
    cluster: traceCalls(telemetry, 'kubernetes', ports.cluster),
    credentials: traceCalls(telemetry, 'azure', ports.credentials),
    records: traceCalls(telemetry, 'storage', ports.records),
    ...(ports.branches !== undefined && { branches: traceCalls(telemetry, 'github', ports.branches) }),
    async step(name, work) {
      const started = performance.now();
      try {
        return await telemetry.span({ name: `step ${name}` }, work);
      } finally {
        telemetry.record('feature_branch.step.duration', (performance.now() - started) / 1_000, { step: name });
      }
    },
  };
}

function traceCalls<T extends object>(telemetry: Telemetry, peer: string, target: T): T {
  const traced = Object.entries(target).map(([name, call]: [string, unknown]) => {
    // a list is read page by page, in between whatever its reader does: it has no span of its own
    if (typeof call !== 'function' || (peer === 'storage' && name === 'list')) return [name, call];
    const options = { name: `${peer} ${name}`, kind: 'client', attributes: { 'service.peer.name': peer } } as const;
    return [
      name,
      (...args: unknown[]) =>
        telemetry.span(options, async () => (call as (...args: unknown[]) => unknown).apply(target, args)),
    ];
  });
  return Object.fromEntries(traced) as T;
}

/** How long a delivery took, by the log lines that say where it got to. */
function timeLog(telemetry: Telemetry, { ports, request }: { ports: Ports; request: EnvironmentRequest }): Log {
  const { log, clock } = ports;
  return {
    ...log,
    info(message, fields) {
      const seconds = (clock.now() - Date.parse(request.since)) / 1_000;
      const isAsked = request.reason !== 'sweep';
      if (message === 'applied' && isAsked && request.attempt === 0)
        telemetry.record('feature_branch.time_to_applied', seconds);
      if (message === 'ready' && isAsked) telemetry.record('feature_branch.time_to_ready', seconds);
      log.info(message, fields);
    },
  };
}

const OUTCOMES = ['failed', 'refused', 'abandoned'];

/** What the app says of itself, counted. */
export function countLog(telemetry: Telemetry, log: Log): Log {
  const count = (message: string, fields: Record<string, unknown> = {}): void => {
    if (OUTCOMES.includes(message))
      telemetry.record('feature_branch.outcomes', 1, {
        outcome: message,
        why: reasonOf(fields),
      });
    if (message === 'audit not written') telemetry.record('feature_branch.audit.failures', 1);
    if (message === 'sweep failed') telemetry.record('feature_branch.sweeps', 1, { result: 'failed' });
    if (message === 'swept') countSweep(telemetry, fields);
  };
  const tap =
    (level: keyof Log) =>
    (message: string, fields?: Record<string, unknown>): void => {
      count(message, fields);
      log[level](message, fields);
    };
  return { info: tap('info'), warn: tap('warn'), error: tap('error') };
}

/** The error's code or the guard's name, never their words. */
function reasonOf({ code, guard }: Record<string, unknown>): string {
  const [why = ''] = [code, guard].filter((one) => typeof one === 'string');
  return why;
}

function countSweep(telemetry: Telemetry, fields: Record<string, unknown>): void {
  telemetry.record('feature_branch.sweeps', 1, { result: fields['failed'] === 0 ? 'done' : 'in part' });
  for (const [gauge, of, label] of [
    ['feature_branch.environments', 'phases', 'phase'],
    ['feature_branch.credential_slots', 'slots', 'state'],
  ] as const) {
    for (const [name, value] of Object.entries((fields[of] ?? {}) as Record<string, number>))
      telemetry.record(gauge, value, { [label]: name });
  }
}
