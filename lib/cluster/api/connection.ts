import type { Agent } from 'undici';
import { ProvisionerError, toProvisionerError } from '../../errors.ts';
import { keepToken } from '../../secrets.ts';
import { type Slots, createSlots } from '../../concurrency.ts';

/** Kept-alive connections to one API server; calls beyond that wait for one. */
export const DEFAULT_CONNECTIONS = 8;

/** Shorter than the idle limit of the load balancers in front of API servers (Azure: 4 minutes). */
const KEEP_ALIVE_MS = 30_000;

/** Where a cluster is, whom to trust and who we are. */
export interface ClusterAddress {
  server: string;
  tls: {
    ca?: string | Buffer;
    cert?: string | Buffer;
    key?: string | Buffer;
    servername?: string;
    rejectUnauthorized?: boolean;
  };
  /** Headers that say who calls; asked for before every call, so it caches what it can. */
  authorization(): Promise<Record<string, string>>;
}

export interface OpenConnection {
  origin: string;
  /** Path of the server's address, without a trailing slash: a proxy may serve the API below one. */
  prefix: string;
  agent: Agent;
  slots: Slots;
  authorization: ClusterAddress['authorization'];
  openedAt: number;
}

/** One principal's way to one cluster. Nothing is read or connected before the first call. */
export interface Connection {
  open(): Promise<OpenConnection>;
  /** Makes the next call read address and credentials again; calls in flight end as they would. */
  forget(): void;
  close(): Promise<void>;
}

/** A lazy connection over one shared agent; a failed opening is tried again by the next call. */
export function connect(find: () => Promise<ClusterAddress>, options: { connections?: number } = {}): Connection {
  const connections = options.connections ?? DEFAULT_CONNECTIONS;
  let opened: Promise<OpenConnection> | undefined;

  function drop(): Promise<void> {
    const old = opened;
    opened = undefined;
    return old ? old.then(({ agent }) => agent.close()).catch(() => {}) : Promise.resolve();
  }

  return {
    open() {
      if (opened) return opened;
      const opening = openAt(find, connections);
      opened = opening;
      opening.catch(() => {
        if (opened === opening) opened = undefined;
      });
      return opening;
    },
    forget: () => void drop(),
    close: drop,
  };
}

async function openAt(find: () => Promise<ClusterAddress>, connections: number): Promise<OpenConnection> {
  const [{ Agent }, address] = await Promise.all([import('../../sdk/undici.ts'), find().catch(rethrow)]);
  const url = checkedServer(address.server);
  return {
    origin: url.origin,
    prefix: url.pathname.replace(/\/+$/, ''),
    // HTTP/2 would put all calls on one connection, whose loss fails them all at once
    agent: new Agent({
      connections,
      keepAliveTimeout: KEEP_ALIVE_MS,
      allowH2: false,
      connect: { ...address.tls, keepAliveInitialDelay: KEEP_ALIVE_MS },
    }),
    slots: createSlots(connections),
    async authorization() {
      const headers = await address.authorization().catch(rethrow);
      for (const value of Object.values(headers)) keepToken(value.replace(/^\S+ /, ''));
      return headers;
    },
    openedAt: Date.now(),
  };
}

function rethrow(thrown: unknown): never {
  throw toProvisionerError(thrown);
}

function checkedServer(server: string): URL {
  const url = URL.canParse(server) ? new URL(server) : undefined;
  const loopback = url && ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && loopback)) return url;
  throw new ProvisionerError('settings', 'the API server has no https address: a token must not travel in the clear', {
    object: 'Cluster',
    fix: 'give the cluster an https:// server in its kubeconfig; http:// is for a loopback host only',
  });
}
