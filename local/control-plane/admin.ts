import { Agent } from 'undici';
import type { ClusterAccess } from '../kubernetes/kubeconfig.ts';

export interface AdminCall {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  path: string;
  body?: unknown;
  /** Of a PATCH. */
  patch?: 'apply' | 'merge';
}

export interface Admin {
  /** The answer's JSON; undefined for 404 and 409, a throw for any other failure. */
  call<T>(call: AdminCall): Promise<T | undefined>;
  close(): Promise<void>;
}

const PATCH_TYPES = { apply: 'application/apply-patch+yaml', merge: 'application/merge-patch+json' };

/** A call on an API server of this machine that takes longer than this hangs. */
const TIMEOUT_MS = 30_000;

/** Speaks to an API server of our own as system:masters, for what a cluster's other parts would do. */
export function createAdmin(access: ClusterAccess): Admin {
  // HTTP/2 would put all calls on one connection, which a killed API server takes along
  const agent = new Agent({ allowH2: false, connect: { ca: access.ca } });
  return {
    async call<T>({ method, path, body, patch = 'merge' }: AdminCall): Promise<T | undefined> {
      const answer = await agent.request({
        origin: access.server,
        path,
        method,
        headers: {
          authorization: `Bearer ${access.tokens.admin}`,
          'content-type': method === 'PATCH' ? PATCH_TYPES[patch] : 'application/json',
        },
        body: body === undefined ? null : JSON.stringify(body),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      const text = await answer.body.text();
      if (answer.statusCode === 404 || answer.statusCode === 409) return undefined;
      if (answer.statusCode >= 300) throw new Error(`${method} ${path}: ${answer.statusCode} ${text.slice(0, 300)}`);
      return JSON.parse(text) as T;
    },
    close: () => agent.close(),
  };
}
