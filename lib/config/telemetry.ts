import { type Env, Settings } from '../settings.ts';

export interface TelemetrySettings {
  serviceName: string;
  metricsEveryMs: number;
}

/** Undefined where no collector is named. The exporters read its address and headers under the same names. */
export function readTelemetrySettings(env: Env): TelemetrySettings | undefined {
  const settings = new Settings(env);
  if (settings.address('OTEL_EXPORTER_OTLP_ENDPOINT') === undefined) return undefined;
  settings.secret('OTEL_EXPORTER_OTLP_HEADERS');
  return settings.checked({
    serviceName: settings.text('OTEL_SERVICE_NAME') ?? 'feature-branch-provisioner',
    metricsEveryMs: Number(settings.text('OTEL_METRIC_EXPORT_INTERVAL') ?? 60_000) || 60_000,
  });
}
