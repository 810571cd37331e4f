import { randomUUID } from 'node:crypto';
import { clock } from '../clock.ts';
import { readOnce } from '../concurrency.ts';
import {
  readContentLimits,
  readEnvironmentSettings,
  readGitHubSettings,
  readIdentitySettings,
  readIntakeSettings,
  readPageSettings,
  readWebhookSecrets,
  readWorkflowSettings,
} from '../config.ts';
import type { Clock, Log } from '../environment/ports/ports.ts';
import { processLog } from '../log.ts';
import type { Env } from '../settings.ts';
import type { LeaseTimer } from '../storage/blob-lease.ts';

type AppSettings = ReturnType<typeof createSettings>;

/** The groups of app settings, each checked at its first use and kept once it was right. */
function createSettings(env: Env) {
  return {
    environment: readOnce(() => readEnvironmentSettings(env)),
    intake: readOnce(() => readIntakeSettings(env)),
    webhookSecrets: readOnce(() => readWebhookSecrets(env)),
    workflows: readOnce(() => readWorkflowSettings(env)),
    content: readOnce(() => readContentLimits(env)),
    identities: readOnce(() => readIdentitySettings(env)),
    github: readOnce(() => readGitHubSettings(env)),
    page: readOnce(() => readPageSettings(env)),
  };
}

/** What every part of the app gets from the process that it runs in. */
export interface Machine {
  env: Env;
  settings: AppSettings;
  clock: Clock;
  random: () => number;
  newId: () => string;
  /** For what belongs to no single invocation. */
  log: Log;
  /** Absent, each adapter has its own limit of one call in ms, and leases count by the machine's monotonic clock. */
  bounds: { timeoutMs?: number; timer?: LeaseTimer };
}

/** This process, with the given app settings. */
export function thisMachine(env: Env): Machine {
  return {
    env,
    settings: createSettings(env),
    clock,
    random: Math.random,
    newId: randomUUID,
    log: processLog,
    bounds: {},
  };
}
