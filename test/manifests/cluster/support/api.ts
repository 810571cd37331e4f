import { Agent } from 'undici';
import type { ClusterAccess, User } from '../../../../local/kubernetes/kubeconfig.ts';

export interface Call {
  as: User;
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  path: string;
  body?: unknown;
  /** Of a PATCH; server-side apply where it is left out. */
  type?: string;
}

export interface Answer {
  status: number;
  text: string;
  /** What the API server says beside its answer: deprecations, pod security. */
  warnings: string[];
}

export interface Api {
  send(call: Call): Promise<Answer>;
  close(): Promise<void>;
}

/** The API server as each user sees it: raw requests, so that nothing stands between a test and the answer. */
export function connect(access: ClusterAccess): Api {
  const agent = new Agent({ connect: access.ca === undefined ? {} : { ca: access.ca }, connections: 8 });
  return {
    async send({ as, method, path, body, type = 'application/apply-patch+yaml' }) {
      const answer = await agent.request({
        origin: access.server,
        path,
        method,
        headers: {
          authorization: `Bearer ${access.tokens[as]}`,
          'content-type': method === 'PATCH' ? type : 'application/json',
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      const warning = answer.headers['warning'];
      return { status: answer.statusCode, text: await answer.body.text(), warnings: [warning ?? []].flat() };
    },
    close: () => agent.close(),
  };
}

/** Asks again until it holds: roles and policies take effect a moment after they are written. */
export async function eventually(what: string, holds: () => Promise<boolean>, timeoutMs = 20_000): Promise<void> {
  const end = Date.now() + timeoutMs;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`${what}: not within ${timeoutMs / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
