import { createHash } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Host, startHost } from '../../../../local/host/start-host.ts';
import { type BuiltApp, builtApp } from './built-app.ts';

let app: BuiltApp;
let host: Host;
const lines: string[] = [];

beforeAll(async () => {
  app = await builtApp();
  host = await startHost({ appDir: app.dir, settings: { OWN_SETTING: 'own' }, log: (line) => lines.push(line) });
});
afterAll(async () => {
  await host.stop();
  await app.remove();
});

interface Echo {
  url: string;
  params: Record<string, string>;
  query: Record<string, string>;
  headers: Record<string, string>;
  length: number;
  sha256: string;
}

const at = (path: string) => `${host.url}/api/${path}`;
const echo = async (path: string, init?: RequestInit) => (await (await fetch(at(path), init)).json()) as Echo;
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** Sends what fetch would tidy up: raw header lines, bodies without a length. */
function raw(options: { path: string; method?: string; headers?: string[]; body?: Buffer; port?: number }) {
  return new Promise<{ status: number; body: string; headers: NodeJS.Dict<string | string[]> }>((resolve, reject) => {
    const { path, method = 'POST', headers = [], body } = options;
    const sent = httpRequest(
      `${host.url}${path}`,
      { method, headers: ['host', 'localhost', ...headers] },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          resolve({
            status: response.statusCode ?? 0,
            body: Buffer.concat(chunks).toString(),
            headers: response.headers,
          });
        });
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

describe('a request', () => {
  it('reaches the function byte for byte: BOM, bad UTF-8, gzip undecoded', async () => {
    const bytes = Buffer.from([0xef, 0xbb, 0xbf, 0xff, 0xfe, 0x00, 0x1f, 0x8b, 0x0d, 0x0a]);

    const seen = await echo('echo/x', { method: 'POST', body: bytes, headers: { 'content-encoding': 'gzip' } });

    expect(seen).toMatchObject({ length: bytes.byteLength, sha256: sha256(bytes) });
  });

  it('arrives empty when its body is chunked', async () => {
    const headers = ['transfer-encoding', 'chunked'];
    const answer = await raw({ path: '/api/echo/x', headers, body: Buffer.from('lost') });

    expect(JSON.parse(answer.body)).toMatchObject({ length: 0 });
  });

  it('is answered 500 with an empty body above 104,857,600 bytes, and reaches the function at exactly that', async () => {
    const most = Buffer.alloc(104_857_600);
    const headers = (length: number) => ['content-length', `${length}`];

    const over = await raw({
      path: '/api/echo/x',
      headers: headers(most.length + 1),
      body: Buffer.alloc(most.length + 1),
    });
    const exact = await raw({ path: '/api/echo/x', headers: headers(most.length), body: most });

    expect(over).toMatchObject({ status: 500, body: '' });
    expect(JSON.parse(exact.body)).toMatchObject({ length: most.length });
  });

  it('has lower-cased header names, and doubled headers and query parameters joined with a comma', async () => {
    const headers = ['X-Hub-Signature-256', 'one', 'x-hub-signature-256', 'two'];
    const answer = await raw({ path: '/api/echo/x?a=1&b=%20&A=2', method: 'GET', headers });

    const seen = JSON.parse(answer.body) as Echo;

    expect(seen.headers['x-hub-signature-256']).toBe('one,two');
    expect(seen.query).toEqual({ a: '1,2', b: ' ' });
  });

  it('passes the function key on to the handler, and needs none', async () => {
    const seen = await echo('echo/x?code=secret');

    expect(seen.query).toEqual({ code: 'secret' });
  });
});

describe('a path', () => {
  it.each([
    ['echo/One/Two', { one: 'One', two: 'Two' }],
    ['ECHO/x/', { one: 'x' }],
    ['echo/feature%2Flogin', { one: 'feature%2Flogin' }],
    ['echo/a%20b/%C3%A9', { one: 'a b', two: 'é' }],
    ['echo/100%zz', { one: '100%zz' }],
  ])('%s gives the parameters %j', async (path, params) => {
    expect((await echo(path)).params).toEqual(params);
  });

  it('goes to the function whose name is first in the alphabet, not to the most specific route', async () => {
    expect(await (await fetch(at('order/exact'))).text()).toBe('a-any');
  });

  it('is 404 where nothing matches, a parameter is missing, or the method is not listed, HEAD and OPTIONS included', async () => {
    const statuses = await Promise.all([
      fetch(at('nowhere')),
      fetch(host.url),
      fetch(at('echo')),
      fetch(at('echo/a/b/c')),
      fetch(at('echo/x'), { method: 'PUT' }),
      fetch(at('echo/x'), { method: 'HEAD' }),
      fetch(at('echo/x'), { method: 'OPTIONS' }),
      fetch(at('admin/thing')),
    ]);

    expect(statuses.map(({ status }) => status)).toEqual(Array(8).fill(404));
    expect((await fetch(at('headers'), { method: 'HEAD' })).status).toBe(202);
  });
});

describe('an answer', () => {
  it('is an empty 204 when the function returns nothing', async () => {
    const answer = await fetch(at('nothing'));

    expect([answer.status, await answer.text()]).toEqual([204, '']);
  });

  it('is an empty 500 when the function throws, with the reason in the log alone', async () => {
    const answer = await fetch(at('throws'));

    expect([answer.status, await answer.text()]).toEqual([500, '']);
    // the log comes by another pipe than the answer
    const said = () => /Functions\.throws.*Failed.*a reason that nobody outside may see/.test(lines.join('\n'));
    for (let tries = 0; tries < 100 && !said(); tries += 1) await new Promise((resolve) => setTimeout(resolve, 50));
    expect(said()).toBe(true);
  });

  it('carries status, headers, cookies and body of the function', async () => {
    const answer = await fetch(at('headers'));

    expect(answer.status).toBe(202);
    expect(answer.headers.get('location')).toBe('/api/elsewhere');
    expect(answer.headers.get('set-cookie')).toBe('a=b; path=/; httponly');
    expect(answer.headers.get('content-length')).toBe('4');
    expect(await answer.text()).toBe('seen');
  });
});

describe('the app', () => {
  it('sees the settings given to it and nothing of the environment around', async () => {
    process.env['HOST_TEST_LEAK'] = 'leaked';

    const value = async (name: string) =>
      ((await (await fetch(at(`settings?name=${name}`))).json()) as { value: unknown }).value;

    expect(await value('OWN_SETTING')).toBe('own');
    expect(await value('HOST_TEST_LEAK')).toBeNull();
  });

  it('loses only the functions whose route or setting is at fault, and the log says why', () => {
    const served = host.functions.map(({ name }) => name);

    expect(served).toContain('echo');
    expect(served).not.toContain('admin-thing');
    expect(served).not.toContain('unset');
    expect(lines.join('\n')).toMatch(/'unset' function is in error: '%NO_SUCH_SETTING%' does not resolve/);
    expect(host.functions.find(({ name }) => name === 'echo')).toEqual({
      name: 'echo',
      kind: 'httpTrigger',
      methods: ['POST', 'GET'],
      address: at('echo/{one}/{two?}'),
    });
  });
});
