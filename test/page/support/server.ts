import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { toResponse } from '../../../lib/intake/response.ts';
import { answerPage, readPage } from '../../../lib/page/files.ts';
import type { World } from './world.ts';

export interface PageServer {
  url: string;
  /** What the page is told from now on. */
  world: World;
  /** How many calls of the API had which answer, by status. */
  statuses: Map<number, number>;
  /** Every address that was asked for, page and API, in order. */
  requests: string[];
  stop(): Promise<void>;
}

/** Which function answers a path, and so whose key opens it. */
const FUNCTIONS: [RegExp, string][] = [
  [/^environments\/[^/]+\/diagnosis$/, 'environment-diagnosis'],
  [/^environments\/[^/]+\/logs$/, 'environment-logs'],
  [/^environments\/[^/]+\/keep$/, 'environment-keep'],
  [/^environments/, 'environments'],
  [/^sweep$/, 'sweep-now'],
];

/** The built page by the code that serves it, over an API that says what the test wants. */
export async function startPageServer(world: World): Promise<PageServer> {
  const files = readPage(join(import.meta.dirname, '..', '..', '..', 'dist', 'page', 'index.html'));
  const served: PageServer = { url: '', world, statuses: new Map(), requests: [], stop: async () => undefined };
  const server = createServer((request, response) => {
    void answer(request, response);
  });
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '/', 'http://page.test');
    served.requests.push(`${request.method} ${url.pathname}`);
    const header = (name: string) => request.headers[name]?.toString();
    if (url.pathname.startsWith('/api/ui/')) {
      const { status, headers, body } = answerPage(files, {
        path: decodeURIComponent(url.pathname.slice('/api/ui/'.length)),
        ifNoneMatch: header('if-none-match'),
        acceptEncoding: header('accept-encoding'),
      });
      response.writeHead(status, headers).end(body);
      return;
    }
    const said = await answerApi(served.world, request, url);
    if (said === 'nothing') {
      request.socket.destroy();
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, served.world.delayMs));
    const etag = `"${createHash('sha256').update(JSON.stringify(said.body)).digest('hex').slice(0, 16)}"`;
    const status = said.status === 200 && header('if-none-match')?.endsWith(etag) === true ? 304 : said.status;
    served.statuses.set(status, (served.statuses.get(status) ?? 0) + 1);
    const answer = { status, body: said.body as Record<string, unknown>, headers: { etag } };
    const { headers, body, jsonBody } = await toResponse(answer, { headers: { get: (name) => header(name) ?? null } });
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(body ?? (jsonBody === undefined ? undefined : JSON.stringify(jsonBody)));
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  served.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  served.stop = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return served;
}

type Said = { status: number; body: unknown };

async function answerApi(world: World, request: IncomingMessage, url: URL): Promise<Said | 'nothing'> {
  if (world.isDown) return 'nothing';
  const path = url.pathname.replace(/^\/api\//, '');
  const method = request.method ?? 'GET';
  const set = world.answers.get(`${method} ${path}`);
  if (set !== undefined) return set;
  if (path.startsWith('ui-api/')) return error(401, 'sign-in-off', 'sign-in is not turned on');
  const fn = FUNCTIONS.find(([pattern]) => pattern.test(path))?.[1] ?? path;
  const key = request.headers['x-functions-key'];
  if (world.keys !== undefined && fn !== 'health/checks' && world.keys[fn] !== key) return { status: 401, body: {} };
  if (method === 'POST') return write(world, request, path);
  const [, name, part] = path.split('/').map(decodeURIComponent);
  if (path === 'environments') {
    const all = url.searchParams.get('all') === '1';
    return { status: 200, body: { environments: world.environments.filter(({ phase }) => all || phase !== 'gone') } };
  }
  if (path === 'identities') return { status: 200, body: { identities: world.identities } };
  if (path === 'health/checks') return { status: 200, body: world.health };
  if (part === 'diagnosis') return found(world.diagnoses.get(name ?? ''));
  if (part === 'logs') return found(world.logs.get(name ?? ''));
  const record = world.records.get(name ?? '');
  if (record === undefined) return error(404, 'not-found', 'no environment has this name');
  if (url.searchParams.get('live') !== '1') return { status: 200, body: record };
  return { status: 200, body: { ...record, live: world.live.get(name ?? '') } };
}

async function write(world: World, request: IncomingMessage, path: string): Promise<Said> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = JSON.parse(Buffer.concat(chunks).toString() || '{}') as Record<string, unknown>;
  world.writes.push({ path, body, headers: request.headers as Record<string, string> });
  const environment = typeof body['branch'] === 'string' ? body['branch'] : path.split('/')[1];
  if (path === 'sweep') return { status: 200, body: SWEEPS[body['confirm'] === undefined ? 'plan' : 'confirmed'] };
  if (body['dryRun'] !== true) return { status: 202, body: { outcome: 'queued', environment } };
  return { status: 200, body: { outcome: 'planned', environment, ...PLANS[path as keyof typeof PLANS] } };
}

const PLANS = {
  provision: {
    changes: [
      { object: 'Deployment/feature-x/todo-be', action: 'configured', reason: 'spec.replicas was changed by kubectl' },
      { object: 'ConfigMap/feature-x/nats', action: 'created' },
      { object: 'Service/feature-x/todo-be', action: 'unchanged' },
    ],
    validated: true,
  },
  deprovision: {
    changes: [
      { object: 'Namespace/feature-x', action: 'deleted', reason: 'uid 1b2c' },
      { object: 'Deployment/feature-x', action: 'deleted', count: 3 },
      { object: 'FederatedCredential/kv-dev-1/keyvault-workload-identity-x', action: 'deleted' },
    ],
    validated: true,
  },
};

const SWEEPS = {
  plan: {
    outcome: 'planned',
    planId: 'plan-1',
    deletions: [
      { environment: 'old-banner', kind: 'branch-gone', why: 'its branch is gone' },
      { environment: 'lost', kind: 'orphaned-credential', why: 'keyvault-workload-identity-lost has no environment' },
    ],
    requests: [{ environment: 'checkout-rework', why: 'failed, tried again' }],
    limit: 1,
    held: true,
    unlisted: [],
  },
  confirmed: { outcome: 'confirmed', queued: ['old-banner'] },
};

function found(body: unknown): Said {
  return body === undefined ? error(404, 'not-found', 'nothing of this name') : { status: 200, body };
}

function error(status: number, code: string, message: string): Said {
  return { status, body: { outcome: 'error', error: { code, message }, requestId: 'a-request' } };
}
