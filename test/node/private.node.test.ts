import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeSwitchedTree } from '../../local/kustomize/switched-tree.ts';
import { deliver, untilReady } from './support/app.ts';
import { kubectl, nodeSetting, until } from './support/cluster.ts';
import { startOutsider, untilReached } from './support/connections.ts';
import { type Issuer, startIssuer } from './support/issuer.ts';
import { type App, pushImages, setStage, type Stage, VAULT } from './support/stage.ts';

/** One behind the Ingress, one behind the Gateway; both are private. */
const [FIRST, SECOND] = ['first', 'second'] as const;
const SESSION = '__Host-sign-in';
const domain = () => nodeSetting('NODE_DOMAIN');
const urlOf = (branch: string) => `https://${branch}.${domain()}`;
/** What a browser says when it opens an address. */
const PAGE = { Accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };

describe('private branches on a real node', () => {
  const ciSecret = randomBytes(24).toString('base64url');
  let stage: Stage;
  let issuer: Issuer;
  /** The cookie of somebody who has signed in, by branch. */
  const cookies = new Map<string, string>();

  beforeAll(async () => {
    stage = await setStage();
    await pushImages('v1');
    const client = {
      id: '33333333-3333-4333-8333-333333333333',
      secret: randomBytes(24).toString('base64url'),
      redirectUri: `https://login.${domain()}/oauth2/callback`,
    };
    issuer = await startIssuer(client, nodeSetting('NODE_ADDRESS'));
    const vault = join(nodeSetting('NODE'), 'vaults', VAULT);
    await writeFile(join(vault, 'sign-in-client-secret'), client.secret);
    await writeFile(join(vault, 'sign-in-ci-secret'), ciSecret);

    const settings = { OVERLAY_SIGN_IN_ISSUER: issuer.url, OVERLAY_SIGN_IN_CLIENT_ID: client.id };
    const trees = [await writeSwitchedTree('private'), await writeSwitchedTree('gateway', 'private')] as const;
    await stage.installGateway(join(trees[1], 'cluster', 'gateway', 'istio'));
    const apps: App[] = [];
    await tellHeaders(trees[1]);
    for (const manifestsDir of trees) {
      await openWayTo(issuer, manifestsDir);
      apps.push(await stage.startApp({ overlays: { manifestsDir, overlays: ['feature', 'azure-feature'] }, settings }));
    }
    const [first, second] = apps as [App, App];
    await deliver(first, 'create', FIRST);
    await deliver(second, 'create', SECOND);
    const records = await Promise.all([untilReady(first, FIRST), untilReady(second, SECOND)]);
    expect(records.map(({ record }) => record.url)).toEqual([urlOf(FIRST), urlOf(SECOND)]);
    // the relay is the administrator's, and the policies of a new pod hold after some seconds
    await kubectl('-n', 'branch-sign-in', 'wait', '--for=condition=Available', 'deploy/sign-in', '--timeout=60s');
    for (const branch of [FIRST, SECOND])
      await until(`${branch} answers`, async () => (await open(`${urlOf(branch)}/`)).status === 302, {
        withinMs: 30_000,
      });
  }, 300_000);

  afterAll(async () => {
    await issuer.close();
    await stage.stop();
  });

  it.each([FIRST, SECOND])('%s shows nothing to whoever has not signed in', async (branch) => {
    for (const path of ['/', '/be/todos', '/be', '/image', '/metrics', '/be/metrics', '/anything']) {
      expect([path, (await fetch(`${urlOf(branch)}${path}`, { redirect: 'manual' })).status]).toEqual([path, 401]);
      const shown = await open(`${urlOf(branch)}${path}`);
      expect([path, shown.status, shown.headers.get('location')]).toEqual([
        path,
        302,
        expect.stringContaining(`${issuer.url}/authorize?`),
      ]);
    }
    const posted = await fetch(`${urlOf(branch)}/todos`, { method: 'POST', headers: PAGE, redirect: 'manual' });
    expect(posted.status).toBe(401);
    // what the proxy asks oauth2-proxy is not to be had from outside
    expect((await fetch(`${urlOf(branch)}/oauth2/auth`, { redirect: 'manual' })).status).toBe(404);
  });

  it.each([FIRST, SECOND])(
    'a person signs in at %s by the one redirect address, and comes back to the page',
    async (branch) => {
      const wanted = `${urlOf(branch)}/?a=1&b=two%20words`;
      const { jar, visited, last } = await follow(wanted);

      expect(visited.map((each) => new URL(each).host)).toEqual([
        new URL(urlOf(branch)).host,
        new URL(issuer.url).host,
        `login.${domain()}`,
        new URL(urlOf(branch)).host,
        new URL(urlOf(branch)).host,
      ]);
      expect(visited.at(-1)).toBe(wanted);
      expect([last.status, await last.text()]).toEqual([200, expect.stringContaining('<h1>Todos</h1>')]);
      const [session] = jar.filter((each) => each.startsWith(`${SESSION}=`));
      expect(session).toMatch(/; Path=\/;.*HttpOnly; Secure/);
      expect(session).not.toMatch(/Domain/i);
      const cookie = session?.split(';')[0] ?? '';
      cookies.set(branch, cookie);
      expect((await fetch(`${urlOf(branch)}/be/todos`, { headers: { Cookie: `x=1; ${cookie}; y=2` } })).status).toBe(
        200,
      );
    },
  );

  it('a cookie of one branch opens no other', async () => {
    for (const [own, other] of [
      [FIRST, SECOND],
      [SECOND, FIRST],
    ] as const) {
      const headers = { Cookie: cookies.get(own) ?? '' };
      expect((await fetch(`${urlOf(own)}/`, { headers })).status).toBe(200);
      expect((await fetch(`${urlOf(other)}/`, { headers, redirect: 'manual' })).status).toBe(401);
    }
  });

  it('CI’s tests come in by the header with their secret, and by no other', async () => {
    const status = async (headers: Record<string, string>) =>
      (await fetch(`${urlOf(FIRST)}/be/todos`, { headers, redirect: 'manual' })).status;

    expect(await status({ 'X-CI-Secret': ciSecret })).toBe(200);
    for (const wrong of ['', 'x', `${ciSecret}x`, ciSecret.slice(1), 'default', '1'])
      expect([wrong, await status({ 'X-CI-Secret': wrong })]).toEqual([wrong, 401]);
  });

  it('the application hears neither the session nor CI’s secret, and all else that a client says', async () => {
    const heard = async (headers: Record<string, string>) =>
      (await (await fetch(`${urlOf(SECOND)}/headers`, { headers })).json()) as Record<string, string>;
    const session = cookies.get(SECOND) ?? '';

    for (const [cookie, left] of [
      [`a=1; ${session}; b=2`, 'a=1; b=2'],
      [`${session}; b=2`, 'b=2'],
      [`a=1; ${session}`, 'a=1'],
    ] as const)
      expect(await heard({ Cookie: cookie, 'X-Own': 'x' })).toMatchObject({ cookie: left, 'x-own': 'x' });
    const byCi = await heard({ 'X-CI-Secret': ciSecret, 'X-Own': 'x' });
    expect(byCi).toMatchObject({ 'x-own': 'x' });
    expect(byCi).not.toHaveProperty('x-ci-secret');
  });

  it('the redirect address passes nobody on to where no branch is', async () => {
    const relay = async (state: string) => {
      const query = new URLSearchParams({ code: 'x', state });
      const { status, headers } = await open(`https://login.${domain()}/oauth2/callback?${query.toString()}`);
      return [status, headers.get('location')];
    };

    expect(await relay(`n0nce:https://${FIRST}.${domain()}/x`)).toEqual([
      302,
      `https://${FIRST}.${domain()}/oauth2/callback?code=x&state=n0nce%3Ahttps%3A%2F%2F${FIRST}.${domain()}%2Fx`,
    ]);
    for (const state of [
      '',
      'n0nce:/x',
      `n0nce:https://login.${domain()}/x`,
      'n0nce:https://evil.example.com/',
      `n0nce:https://evil.example.com/${FIRST}.${domain()}/`,
      `n0nce:https://${FIRST}.${domain()}.evil.example.com/`,
      `n0nce:https://evil.example.com@${FIRST}.${domain()}/`,
      `n0nce:http://${FIRST}.${domain()}/`,
    ])
      expect([state, await relay(state)]).toEqual([state, [400, null]]);
  });

  it('another’s sign-in is not taken: the state must fit the cookie of who began', async () => {
    const begun = await open(`${urlOf(FIRST)}/`);
    const state = new URL(begun.headers.get('location') ?? '').searchParams.get('state') ?? '';
    const query = new URLSearchParams({ code: 'x', state });

    const { status, headers } = await open(`${urlOf(FIRST)}/oauth2/callback?${query.toString()}`);

    expect([status, headers.getSetCookie()]).toEqual([403, []]);
  });

  it('no pod outside reaches what the proxy hides, while the proxy itself is reached', async () => {
    const outsider = await startOutsider();
    const [proxy, page, api] = ['sign-in-svc:2508', 'todo-app-fe-svc:2507', 'todo-app-be-svc:2506'].map((each) =>
      each.replace(':', `.feature-${FIRST}:`),
    ) as [string, string, string];

    await untilReached(outsider, [proxy, page, api], [proxy]);
  }, 90_000);
});

/** As a browser opens an address, without following. */
function open(url: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(url, { headers: { ...PAGE, ...headers }, redirect: 'manual' });
}

/** As a browser follows redirects, with cookies kept by host. */
async function follow(url: string): Promise<{ jar: string[]; visited: string[]; last: Response }> {
  const jars = new Map<string, Map<string, string>>();
  const jar: string[] = [];
  const visited: string[] = [];
  for (let next = url; ;) {
    visited.push(next);
    if (visited.length > 8) throw new Error(`redirected for ever: ${visited.join(' ')}`);
    const { host } = new URL(next);
    const kept = jars.get(host) ?? new Map<string, string>();
    jars.set(host, kept);
    const last = await open(next, { Cookie: [...kept].map(([name, value]) => `${name}=${value}`).join('; ') });
    for (const each of last.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(each) ?? [];
      kept.set(name, value);
      jar.push(each);
    }
    const location = last.headers.get('location');
    if (location === null) return { jar, visited, last };
    next = new URL(location, next).href;
  }
}

/** The issuer of this test is on the node itself, not in the internet that the policies let the proxy reach. */
async function openWayTo(issuer: Issuer, manifestsDir: string): Promise<void> {
  const overlay = join(manifestsDir, 'overlays', 'feature');
  const policy = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: 'issuer-of-the-test' },
    spec: {
      podSelector: { matchLabels: { app: 'sign-in' } },
      policyTypes: ['Egress'],
      egress: [{ to: [{ ipBlock: { cidr: `${nodeSetting('NODE_ADDRESS')}/32` } }], ports: [{ port: issuer.port }] }],
    },
  };
  await writeFile(join(overlay, 'issuer.yaml'), JSON.stringify(policy));
  const file = join(overlay, 'kustomization.yaml');
  const text = await readFile(file, 'utf8');
  await writeFile(file, text.replace('resources:\n', 'resources:\n  - issuer.yaml\n'));
}

/** The front end of this tree answers with the headers that it was sent. */
async function tellHeaders(manifestsDir: string): Promise<void> {
  const program = `
    require('node:http').createServer((request, response) =>
      response.end(request.url === '/headers' ? JSON.stringify(request.headers) : '<h1>Todos</h1>')).listen(8000)`;
  const patch = [{ op: 'add', path: '/spec/template/spec/containers/0/command', value: ['node', '-e', program] }];
  const target = { kind: 'Deployment', name: 'todo-app-fe' };
  const file = join(manifestsDir, 'overlays', 'feature', 'kustomization.yaml');
  const text = await readFile(file, 'utf8');
  const entry = JSON.stringify({ target, patch: JSON.stringify(patch) });
  await writeFile(file, text.replace('patches:\n', `patches:\n  - ${entry}\n`));
}
