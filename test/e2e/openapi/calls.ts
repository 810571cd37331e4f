import { createHmac } from 'node:crypto';
import { type RunningApp, SECRET, STUCK } from './app.ts';

/** The same app in four circumstances. */
export interface Hosts {
  app: RunningApp;
  /** Without storage, and with a pool that nobody can read. */
  bare: string;
  /** With a storage account that does not answer. */
  cut: string;
  /** Signed in by App Service Authentication, as far as the app can tell. */
  signedIn: string;
}

/** One call of an address of the description, and the status that it must have. */
export interface Call {
  method: string;
  /** As the description names it. */
  path: string;
  status: number;
  /** What is special about it, where the status alone does not say it. */
  what: string;
  send(hosts: Hosts): Promise<Response>;
}

interface Asked {
  on?: 'app' | Exclude<keyof Hosts, 'app'>;
  /** The address, where the description's is a template. */
  at?: string;
  what?: string;
  headers?: Record<string, string>;
  body?: object | string;
  /** What is asked only once the app is there: a delivery, a token. */
  made?(app: RunningApp): Promise<RequestInit> | RequestInit;
  /** Asks twice, the second time with the ETag of the first answer. */
  twice?: boolean;
}

const JSON_TYPE = { 'content-type': 'application/json' };
const ALIVE = '/environments/alive';
const DAY_MS = 86_400_000;

function call(address: string, status: number, asked: Asked = {}): Call {
  const [method = '', path = ''] = address.split(' ');
  const { on = 'app', at = path, what = '', headers = {}, body, made, twice = false } = asked;
  return {
    method,
    path,
    status,
    what,
    async send(hosts) {
      const url = `${on === 'app' ? hosts.app.url : hosts[on]}/api${at}`;
      const text = typeof body === 'object' ? JSON.stringify(body) : body;
      // as a page of this host sends it: neither the host nor the app takes calls from another site
      const origin = `https://${new URL(url).host}`;
      const init = { headers: { ...JSON_TYPE, ...headers, origin }, ...(text !== undefined && { body: text }) };
      const more = { method, ...init, ...(await made?.(hosts.app)) };
      const first = await fetch(url, more);
      if (!twice) return first;
      await first.text();
      return fetch(url, { ...more, headers: { ...headers, 'if-none-match': first.headers.get('etag') ?? '' } });
    },
  };
}

/** Where a setting is missing, and where storage is out of reach. */
function faulty(address: string, asked: Asked = {}): Call[] {
  return [call(address, 500, { ...asked, on: 'bare' }), call(address, 503, { ...asked, on: 'cut' })];
}

function listWebhook(): Call[] {
  const address = 'POST /github/webhook';
  const created = (app: RunningApp) => app.deliver('create', 'pushed');
  const signed = (body: string, event: string): Asked => ({
    headers: {
      'X-GitHub-Event': event,
      'X-GitHub-Delivery': 'a-delivery',
      'X-Hub-Signature-256': `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}`,
    },
    body,
  });
  const changed = (headers: Record<string, string>): Asked => ({
    made: (app) => ({ ...created(app), headers: { ...created(app).headers, ...headers } }),
  });
  return [
    call(address, 202, { made: created }),
    call(address, 200, { made: (app) => app.deliver('create', 'kube-system'), what: 'ignored' }),
    call(address, 200, { ...signed('{"zen":"a"}', 'ping'), what: 'ping' }),
    call(address, 400, signed('[', 'create')),
    call(address, 401, changed({ 'X-Hub-Signature-256': `sha256=${'0'.repeat(64)}` })),
    call(address, 413, signed(' '.repeat(1_100_000), 'create')),
    call(address, 415, changed({ 'Content-Type': 'text/plain' })),
    ...faulty(address, { made: created }),
  ];
}

function listManual(reason: string): Call[] {
  const address = `POST /${reason}`;
  return [
    call(address, 202, { body: { branch: reason === 'provision' ? 'by-hand' : 'nobody' } }),
    call(address, 200, { body: { branch: 'alive', dryRun: true }, what: 'dry run' }),
    call(address, 200, { body: { branch: 'new', dryRun: true }, what: 'dry run of what is not there' }),
    call(address, 400, { body: { branch: '..' } }),
    call(address, 409, { body: { branch: 'kube-system' } }),
    call(address, 415, { body: '{}', headers: { 'content-type': 'text/plain' } }),
    ...faulty(address, { body: { branch: 'x' } }),
  ];
}

function listReads(): Call[] {
  const list = 'GET /environments';
  const one = 'GET /environments/{name}';
  return [
    call(list, 200),
    call(list, 200, { at: '/environments?all=1', what: 'gone ones too' }),
    call(list, 200, { at: '/environments?observed=1', what: 'what is observed' }),
    call(list, 304, { twice: true }),
    ...faulty(list),
    call(one, 200, { at: ALIVE }),
    call(one, 200, { at: `${ALIVE}?live=1`, what: 'live' }),
    call(one, 200, { at: '/environments/departed', what: 'gone' }),
    call(one, 304, { at: ALIVE, twice: true }),
    call(one, 404, { at: '/environments/nobody' }),
    ...faulty(one, { at: ALIVE }),
    ...['diagnosis', 'logs'].flatMap((part) => [
      call(`${one}/${part}`, 200, { at: `${ALIVE}/${part}` }),
      call(`${one}/${part}`, 200, { at: `/environments/${STUCK}/${part}`, what: 'of what is not ready' }),
      call(`${one}/${part}`, 404, { at: `/environments/nobody/${part}` }),
      ...faulty(`${one}/${part}`, { at: `${ALIVE}/${part}` }),
    ]),
    call('GET /identities', 200),
    ...faulty('GET /identities'),
    call('GET /preflight', 200),
    call('GET /preflight', 200, { on: 'bare', what: 'without settings' }),
    call('GET /health', 200),
    call('GET /health', 307, { headers: { 'x-functions-key': 'a-key' }, made: () => ({ redirect: 'manual' }) }),
    call('GET /health', 503, { on: 'bare' }),
    call('GET /health/checks', 200),
    call('GET /health/checks', 503, { on: 'bare' }),
    call('GET /ui/{path}', 200, { at: ALIVE.replace('/', '/ui/') }),
    call('GET /ui/{path}', 304, { at: '/ui/', twice: true }),
    call('GET /ui/{path}', 404, { at: '/ui/none.js' }),
    call('GET /openapi.json', 200),
    call('GET /openapi.json', 304, { twice: true }),
  ];
}

function listActs(): Call[] {
  const keep = 'POST /environments/{name}/keep';
  const day = { body: { until: new Date(Date.now() + DAY_MS).toISOString() } };
  const sweep = 'POST /sweep';
  return [
    call(keep, 202, { ...day, at: `${ALIVE}/keep` }),
    call(keep, 400, { body: { until: '2020-01-01' }, at: `${ALIVE}/keep` }),
    call(keep, 404, { ...day, at: '/environments/nobody/keep' }),
    call(keep, 409, { ...day, at: '/environments/departed/keep' }),
    ...faulty(keep, { ...day, at: `${ALIVE}/keep` }),
    call(sweep, 200, { body: { dryRun: true }, what: 'dry run' }),
    call(sweep, 200, { what: 'at once' }),
    call(sweep, 400, { body: { dryrun: true } }),
    call(sweep, 409, { body: { confirm: 'no-such-plan' } }),
    ...faulty(sweep),
  ];
}

function listJobs(): Call[] {
  const path = '/ci/environment';
  const job = (branch: string, more: { body?: object; at?: string; claims?: Record<string, unknown> } = {}): Asked => ({
    ...(more.body !== undefined && { body: more.body }),
    at: more.at ?? path,
    made: async (app) => ({
      headers: { ...JSON_TYPE, authorization: `Bearer ${await app.tokenFor(branch, more.claims)}` },
    }),
  });
  return [
    call(`PUT ${path}`, 202, job('by-job', { body: {} })),
    call(`PUT ${path}`, 400, job('by-job', { body: { imagetag: 'x' } })),
    call(`PUT ${path}`, 409, job('kube-system')),
    call(`GET ${path}`, 200, job('alive')),
    call(`GET ${path}`, 400, job('alive', { at: `${path}?wait=soon` })),
    call(`GET ${path}`, 404, job('nobody')),
    call(`DELETE ${path}`, 202, job('nobody')),
    call(`DELETE ${path}`, 409, job('kube-system')),
    ...['PUT', 'GET', 'DELETE'].flatMap((method) => [
      call(`${method} ${path}`, 401, { headers: { authorization: 'Bearer a.b.c' } }),
      call(`${method} ${path}`, 403, job('by-job', { claims: { repository: 'else/where', repository_id: '1' } })),
      ...faulty(`${method} ${path}`, job('by-job')),
    ]),
  ];
}

function listMirror(): Call[] {
  const as = (role: string, at: string, body?: object): Asked => {
    const claims = [
      { typ: 'roles', val: role },
      { typ: 'name', val: 'octocat' },
    ];
    const principal = Buffer.from(JSON.stringify({ auth_typ: 'aad', claims })).toString('base64');
    const headers = { 'x-ms-client-principal': principal, 'x-requested-with': 'fetch' };
    return { on: 'signedIn', at: `/ui-api/${at}`, headers, ...(body !== undefined && { body }) };
  };
  const get = 'GET /ui-api/{path}';
  const post = 'POST /ui-api/{path}';
  return [
    call(get, 200, { ...as('Reader', 'me'), what: 'who one is' }),
    call(get, 200, { ...as('Reader', 'environments'), what: 'the list' }),
    call(get, 304, { ...as('Reader', 'environments'), twice: true }),
    call(get, 401, { ...as('Reader', 'me'), on: 'app' }),
    call(get, 403, as('Cook', 'me')),
    call(get, 404, as('Reader', 'nothing')),
    ...faulty(get, as('Reader', 'environments')),
    ...faulty(post, as('Operator', 'provision', { branch: 'by-octocat' })),
    call(post, 202, as('Operator', 'provision', { branch: 'by-octocat' })),
    call(post, 200, as('Operator', 'sweep', { dryRun: true })),
    call(post, 400, as('Operator', 'provision', {})),
    call(post, 401, { ...as('Operator', 'sweep', {}), on: 'app' }),
    call(post, 403, as('Reader', 'sweep', {})),
    call(post, 404, as('Operator', 'nothing', {})),
    call(post, 409, as('Operator', 'provision', { branch: 'kube-system' })),
  ];
}

/** Calls that together have every answer that the description names. */
export const CALLS: readonly Call[] = [
  ...listWebhook(),
  ...listManual('provision'),
  ...listManual('deprovision'),
  ...listReads(),
  ...listActs(),
  ...listJobs(),
  ...listMirror(),
];
