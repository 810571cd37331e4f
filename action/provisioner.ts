import { setTimeout as sleep } from 'node:timers/promises';

/** The part of an environment's record that a job reads. */
export interface Environment {
  name: string;
  phase: string;
  event?: { at?: string };
  waitingOn?: string;
  url?: string;
  imageTag?: string;
  from?: string;
  differs?: { added: string[]; changed: string[]; removed: string[] };
  steps?: Record<string, { state: string; ms: number }>;
  warnings?: string[];
  error?: { message: string; fix?: string; object?: string };
  refused?: { guard: string; reason: string };
}

/** A failure with what a person can do about it. */
export class ProvisionerFailure extends Error {
  readonly fix: string | undefined;
  constructor(message: string, fix?: string) {
    super(message);
    this.fix = fix;
  }
}

export interface Provisioner {
  /** Asks for the environment; answers its slug and when the request was received. */
  provision(wanted: { imageTag?: string; manifests?: unknown }): Promise<{ environment: string; at: string }>;
  /** The environment's status, held open up to `waitS` seconds; undefined while there is none. */
  status(waitS: number): Promise<Environment | undefined>;
}

const TRIES = 6;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 20_000;
const MARGIN_MS = 30_000;

/** Calls the provisioner; what may pass (no answer, 429, 5xx) is tried again with growing pauses. */
export function createProvisioner(options: {
  address: string;
  token: () => Promise<string>;
  say: (line: string) => void;
}): Provisioner {
  const address = `${options.address.replace(/\/+$/, '')}/api/ci/environment`;

  async function call(
    method: string,
    more: { body?: string; query?: string; holdMs?: number },
  ): Promise<{ status: number; body: Record<string, unknown> }> {
    for (let tries = 1; ; tries += 1) {
      let why: string;
      try {
        const answer = await fetch(address + (more.query ?? ''), {
          method,
          headers: {
            authorization: `Bearer ${await options.token()}`,
            ...(more.body !== undefined && { 'content-type': 'application/json' }),
          },
          ...(more.body !== undefined && { body: more.body }),
          signal: AbortSignal.timeout(MARGIN_MS + (more.holdMs ?? 0)),
        });
        const text = await answer.text();
        if (answer.status !== 429 && answer.status < 500) return { status: answer.status, body: parse(text) };
        why = `answered ${answer.status}`;
      } catch (error) {
        if (error instanceof TypeError || (error as Error).name === 'TimeoutError') why = 'did not answer';
        else throw error;
      }
      if (tries === TRIES)
        throw new ProvisionerFailure(
          `The provisioner ${why} after ${TRIES} tries.`,
          'Check the input address, and the health of the provisioner at /api/health.',
        );
      const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (tries - 1));
      options.say(`The provisioner ${why}; trying again in ${pauseMs / 1000} s`);
      await sleep(pauseMs);
    }
  }

  return {
    async provision(wanted) {
      const { status, body } = await call('PUT', { body: JSON.stringify(wanted) });
      const { environment, at } = body as { environment?: string; at?: string };
      if (status === 202 && environment !== undefined && at !== undefined) return { environment, at };
      throw toFailure(status, body);
    },
    async status(waitS) {
      const { status, body } = await call('GET', { query: `?wait=${waitS}`, holdMs: waitS * 1_000 });
      if (status === 200) return body as unknown as Environment;
      if (status === 404) return undefined;
      throw toFailure(status, body);
    },
  };
}

function parse(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return {};
  }
}

function toFailure(status: number, body: Record<string, unknown>): ProvisionerFailure {
  const { guard, reason, error } = body as {
    guard?: string;
    reason?: string;
    error?: { message?: string; fix?: string };
  };
  if (reason !== undefined) return new ProvisionerFailure(`Refused by guard ${guard}: ${reason}`);
  return new ProvisionerFailure(`The provisioner answered ${status}: ${error?.message ?? 'no reason'}`, error?.fix);
}
