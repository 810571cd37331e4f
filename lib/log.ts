import type { Log } from './environment/ports/ports.ts';
import { hideSecrets } from './secrets.ts';

interface HostLog {
  info(...parts: unknown[]): void;
  warn(...parts: unknown[]): void;
  error(...parts: unknown[]): void;
}

/** A constant message with its fields as JSON, in the log of the invocation; no secret that we know passes. */
export function toLog(host: HostLog): Log {
  const write =
    (level: keyof HostLog) =>
    (message: string, fields?: Record<string, unknown>): void => {
      if (fields === undefined) host[level](message);
      else host[level](hideSecrets(`${message} ${JSON.stringify(fields)}`));
    };
  return { info: write('info'), warn: write('warn'), error: write('error') };
}

/** The same log with these fields in every line. */
export function withFields(log: Log, fields: Record<string, unknown>): Log {
  const write =
    (level: keyof Log) =>
    (message: string, more: Record<string, unknown> = {}): void =>
      log[level](message, { ...more, ...fields });
  return { info: write('info'), warn: write('warn'), error: write('error') };
}

/** For what belongs to no single invocation. */
// eslint-disable-next-line no-console -- the host takes a process's console as its log
export const processLog: Log = toLog({ info: console.info, warn: console.warn, error: console.error });
