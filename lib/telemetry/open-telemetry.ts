import { AsyncLocalStorage } from 'node:async_hooks';
import type { Context, Span } from '@opentelemetry/api';
import { toProvisionerError } from '../errors.ts';
import {
  ATTR_ERROR_TYPE,
  ATTR_SERVICE_NAME,
  ATTR_SERVICE_VERSION,
  BasicTracerProvider,
  BatchSpanProcessor,
  MeterProvider,
  OTLPMetricExporter,
  OTLPTraceExporter,
  PeriodicExportingMetricReader,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  resourceFromAttributes,
  trace,
} from '../sdk/opentelemetry.ts';
import { METRICS, type Attributes, type Metric, type Telemetry } from './telemetry.ts';

const SCOPE = 'feature-branch-provisioner';
const KINDS = {
  server: SpanKind.SERVER,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
  client: SpanKind.CLIENT,
};
const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$/;

interface Open {
  span: Span;
  shared: Attributes;
  outer: Open | undefined;
}

/** Sends spans and metrics by OTLP over HTTP; address and headers are OpenTelemetry's own variables. */
export function createTelemetry(options: { serviceName: string; version: string; metricsEveryMs: number }): Telemetry {
  const resource = resourceFromAttributes({
    [ATTR_SERVICE_NAME]: options.serviceName,
    [ATTR_SERVICE_VERSION]: options.version,
  });
  const processor = new BatchSpanProcessor(new OTLPTraceExporter());
  const tracer = new BasicTracerProvider({ resource, spanProcessors: [processor] }).getTracer(SCOPE);
  const reader = new PeriodicExportingMetricReader({
    exporter: new OTLPMetricExporter(),
    exportIntervalMillis: options.metricsEveryMs,
    exportTimeoutMillis: Math.min(options.metricsEveryMs, 10_000),
  });
  const record = createRecorder(new MeterProvider({ resource, readers: [reader] }));
  const open = new AsyncLocalStorage<Open>();

  return {
    async span({ name, kind, attributes, shared = {}, parent }, work) {
      const outer = open.getStore();
      const all = { ...outer?.shared, ...shared };
      const span = tracer.startSpan(
        name,
        { kind: kind === undefined ? SpanKind.INTERNAL : KINDS[kind], attributes: { ...all, ...attributes } },
        contextOf(outer, parent),
      );
      try {
        return await open.run({ span, shared: all, outer }, work);
      } catch (thrown) {
        const { code } = toProvisionerError(thrown);
        span.setAttribute(ATTR_ERROR_TYPE, code);
        span.setStatus({ code: SpanStatusCode.ERROR, message: code });
        throw thrown;
      } finally {
        span.end();
      }
    },
    share(attributes) {
      for (let one = open.getStore(); one !== undefined; one = one.outer) {
        one.span.setAttributes({ ...attributes });
        one.shared = { ...one.shared, ...attributes };
      }
    },
    traceparent() {
      const context = open.getStore()?.span.spanContext();
      return context && `00-${context.traceId}-${context.spanId}-01`;
    },
    record,
    async flush() {
      await Promise.all([processor.forceFlush(), reader.forceFlush()]);
    },
  };
}

function contextOf(outer: Open | undefined, parent: string | undefined): Context {
  if (outer !== undefined) return trace.setSpan(ROOT_CONTEXT, outer.span);
  const [, traceId, spanId] = TRACEPARENT.exec(parent ?? '') ?? [];
  if (traceId === undefined || spanId === undefined) return ROOT_CONTEXT;
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags: TraceFlags.SAMPLED, isRemote: true });
}

function createRecorder(provider: MeterProvider): Telemetry['record'] {
  const meter = provider.getMeter(SCOPE);
  const instruments = Object.entries(METRICS).map(([name, { kind, ...about }]) => {
    if (kind === 'histogram') {
      const histogram = meter.createHistogram(name, { ...about, advice: { explicitBucketBoundaries: SECONDS } });
      return [name, (value: number, attributes: Attributes) => histogram.record(value, attributes)] as const;
    }
    if (kind === 'counter') {
      const counter = meter.createCounter(name, about);
      return [name, (value: number, attributes: Attributes) => counter.add(value, attributes)] as const;
    }
    const gauge = meter.createGauge(name, about);
    return [name, (value: number, attributes: Attributes) => gauge.record(value, attributes)] as const;
  });
  const byName = new Map<string, (value: number, attributes: Attributes) => void>(instruments);
  return (metric: Metric, value, attributes = {}) => byName.get(metric)?.(value, attributes);
}

/** From a render of a millisecond to a READY_DEADLINE of ten minutes. */
const SECONDS = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600];
