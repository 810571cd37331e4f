import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

interface Attribute {
  key: string;
  value: { stringValue?: string; intValue?: number | string; doubleValue?: number; boolValue?: boolean };
}

export interface ReceivedSpan {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  kind: number;
  attributes: Record<string, unknown>;
  status?: { code?: number; message?: string };
}

export interface ReceivedMetric {
  name: string;
  points: { value: number; attributes: Record<string, unknown> }[];
}

export interface OtlpReceiver {
  /** For OTEL_EXPORTER_OTLP_ENDPOINT. */
  url: string;
  spans: ReceivedSpan[];
  /** As the last export had them. */
  metrics: Map<string, ReceivedMetric>;
  /** Headers and bodies, as text. */
  raw: string[];
  close(): Promise<void>;
}

interface RawMetric {
  name: string;
  histogram?: { dataPoints: { sum: number; attributes?: Attribute[] }[] };
  sum?: { dataPoints: RawPoint[] };
  gauge?: { dataPoints: RawPoint[] };
}

interface RawPoint {
  asDouble?: number;
  asInt?: string | number;
  attributes?: Attribute[];
}

interface Body {
  resourceSpans?: { scopeSpans: { spans: (Omit<ReceivedSpan, 'attributes'> & { attributes: Attribute[] })[] }[] }[];
  resourceMetrics?: { scopeMetrics: { metrics: RawMetric[] }[] }[];
}

/** Takes traces and metrics by OTLP over HTTP, as JSON. https://opentelemetry.io/docs/specs/otlp/ */
export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const spans: ReceivedSpan[] = [];
  const metrics = new Map<string, ReceivedMetric>();
  const raw: string[] = [];
  const server = createServer((request, response) => {
    void request.toArray().then((chunks: Buffer[]) => {
      const text = Buffer.concat(chunks).toString();
      raw.push(`${JSON.stringify(request.headers)}\n${text}`);
      const body = JSON.parse(text) as Body;
      for (const { scopeSpans } of body.resourceSpans ?? [])
        for (const span of scopeSpans.flatMap((scope) => scope.spans))
          spans.push({ ...span, attributes: toObject(span.attributes) });
      for (const { scopeMetrics } of body.resourceMetrics ?? [])
        for (const metric of scopeMetrics.flatMap((scope) => scope.metrics))
          metrics.set(metric.name, { name: metric.name, points: toPoints(metric) });
      response.writeHead(200, { 'Content-Type': 'application/json' }).end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    metrics,
    raw,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function toPoints({ histogram, sum, gauge }: RawMetric): ReceivedMetric['points'] {
  const distributions = (histogram?.dataPoints ?? []).map((point) => ({
    value: point.sum,
    attributes: point.attributes,
  }));
  const numbers = [...(sum?.dataPoints ?? []), ...(gauge?.dataPoints ?? [])].map(({ asDouble, asInt, attributes }) => ({
    value: asDouble ?? Number(asInt),
    attributes,
  }));
  return [...distributions, ...numbers].map(({ value, attributes = [] }) => ({
    value,
    attributes: toObject(attributes),
  }));
}

function toObject(attributes: readonly Attribute[]): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}
