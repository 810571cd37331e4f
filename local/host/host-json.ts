import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseTimeSpan } from './triggers/time-span.ts';

export interface HostSettings {
  routePrefix: string;
  /** Milliseconds; a function that takes longer ends the process, as the worker restarts. */
  functionTimeoutMs: number;
  queues: QueueSettings;
}

export interface QueueSettings {
  batchSize: number;
  newBatchThreshold: number;
  maxDequeueCount: number;
  maxPollingIntervalMs: number;
  /** How long a message stays hidden after a failed attempt. */
  visibilityTimeoutMs: number;
}

type Json = { [key: string]: Json | string | number | boolean | null };

/** The host's own rule for overriding host.json by a setting: AzureFunctionsJobHost__extensions__queues__batchSize. */
const OVERRIDE = /^AzureFunctionsJobHost__(.+)$/i;

/** Reads host.json of an app as the real host does, defaults and overrides by settings included; throws on a bad value. */
export async function readHostSettings(appDir: string, settings: NodeJS.ProcessEnv): Promise<HostSettings> {
  const host = JSON.parse(await readFile(join(appDir, 'host.json'), 'utf8')) as Json;
  for (const [name, value] of Object.entries(settings)) {
    const path = OVERRIDE.exec(name)?.[1];
    if (path !== undefined && value !== undefined) override(host, path.split('__'), value);
  }
  const extensions = section(host, 'extensions');
  const queues = section(extensions, 'queues');
  const encoding = queues['messageEncoding'] ?? 'base64';
  if (encoding !== 'base64')
    throw new Error(`messageEncoding ${JSON.stringify(encoding)} is not served by the local host.`);
  const batchSize = number(queues['batchSize'], 16);
  return {
    routePrefix: text(section(extensions, 'http')['routePrefix'], 'api').replace(/^\/+|\/+$/g, ''),
    functionTimeoutMs: parseTimeSpan(text(host['functionTimeout'], '00:30:00')),
    queues: {
      batchSize,
      newBatchThreshold: number(queues['newBatchThreshold'], Math.floor(batchSize / 2)),
      maxDequeueCount: number(queues['maxDequeueCount'], 5),
      maxPollingIntervalMs: parseTimeSpan(text(queues['maxPollingInterval'], '00:01:00')),
      visibilityTimeoutMs: parseTimeSpan(text(queues['visibilityTimeout'], '00:00:00')),
    },
  };
}

function override(host: Json, path: string[], value: string): void {
  let at = host;
  for (const step of path.slice(0, -1)) {
    const next = section(at, step);
    at[step] = next;
    at = next;
  }
  const last = path.at(-1);
  if (last !== undefined) at[last] = value;
}

function section(parent: Json, name: string): Json {
  const value = parent[name];
  return typeof value === 'object' && value !== null ? value : {};
}

function text(value: unknown, fallback: string): string {
  return typeof value === 'string' ? value : fallback;
}

function number(value: unknown, fallback: number): number {
  if (value === undefined) return fallback;
  const parsed = Number(value);
  if (!Number.isInteger(parsed) || parsed < 0)
    throw new Error(`${JSON.stringify(value)} in host.json is no whole number.`);
  return parsed;
}
