import { Agent } from 'undici';
import { commonResource } from '../lib/cluster/kinds.ts';
import { DEFAULT_CONNECTIONS } from '../lib/cluster/connection.ts';
import type { KubeObject } from '../lib/environment/peers.ts';
import { toWaves } from '../lib/environment/waves.ts';
import type { Stage } from './stage.ts';

const PLURALS: Record<string, string> = {
  PodMonitor: 'podmonitors',
  ServiceMonitor: 'servicemonitors',
  SecretProviderClass: 'secretproviderclasses',
  HTTPRoute: 'httproutes',
};

/** The same requests sent raw, with the same waves and concurrency: what no client can be faster than. */
export function createFloor({ plane }: Stage): {
  apply(objects: KubeObject[], namespace: KubeObject): Promise<void>;
  close(): Promise<void>;
} {
  const agent = new Agent({ connections: DEFAULT_CONNECTIONS, pipelining: 1, connect: { ca: plane.access.ca } });
  const headers = { authorization: `Bearer ${plane.access.tokens.provisioner}` };
  const query = 'fieldManager=feature-branch-provisioner&force=true&fieldValidation=Strict';

  async function send(method: 'POST' | 'PATCH', path: string, body: KubeObject): Promise<void> {
    const type = method === 'PATCH' ? 'application/apply-patch+yaml' : 'application/json';
    const answer = await agent.request({
      origin: plane.access.server,
      method,
      path: `${path}?${query}`.replace('&force=true', method === 'PATCH' ? '&force=true' : ''),
      headers: { ...headers, 'content-type': type },
      body: JSON.stringify(body),
    });
    const text = await answer.body.text();
    if (answer.statusCode >= 300) throw new Error(`${method} ${path}: ${answer.statusCode} ${text.slice(0, 300)}`);
  }

  return {
    async apply(objects, namespace) {
      await send('POST', '/api/v1/namespaces', namespace);
      const { foundation, workloads, exposure } = toWaves(objects);
      for (const wave of [foundation, workloads, exposure]) {
        await Promise.all(wave.map((object) => send('PATCH', pathTo(object), object)));
      }
    },
    close: () => agent.close(),
  };
}

function pathTo({ apiVersion, kind, metadata }: KubeObject): string {
  const { root, plural } = commonResource({ apiVersion, kind }) ?? {
    root: `/apis/${apiVersion}`,
    plural: PLURALS[kind],
  };
  if (plural === undefined) throw new Error(`nobody here knows the path of ${kind}`);
  return `${root}/namespaces/${metadata.namespace}/${plural}/${metadata.name}`;
}
