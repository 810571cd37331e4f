import { once } from 'node:events';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { armGet, readJson } from '../../../lib/azure/arm-get.ts';

let server: Server;
let url: string;
let answer: { status: number; headers?: Record<string, string>; body?: string };
let asked: { path: string | undefined; authorization: string | undefined }[];

beforeEach(async () => {
  asked = [];
  answer = { status: 200, body: '{"name":"x"}' };
  server = createServer((request, response) => {
    asked.push({ path: request.url, authorization: request.headers.authorization });
    response.writeHead(answer.status, answer.headers).end(answer.body);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const get = (path = '/subscriptions/s?api-version=1') => armGet({ endpoint: url, loopback: true }, path);

describe('one GET of ARM', () => {
  it('gives what it says, and a stand-in no token', async () => {
    expect(await get()).toEqual({ name: 'x' });
    expect(asked).toEqual([{ path: '/subscriptions/s?api-version=1', authorization: undefined }]);
  });

  it.each([
    [{ token: 't', expiresOnTimestamp: 0 }, 'Bearer t'],
    [null, undefined],
  ])('is sent with the token that the credential has for that endpoint: %j', async (token, authorization) => {
    const scopes: unknown[] = [];
    const credential = { getToken: async (scope: unknown) => (scopes.push(scope), token) };
    await armGet({ endpoint: url, loopback: false, credential }, '/subscriptions/s?api-version=1');
    expect(asked).toEqual([{ path: '/subscriptions/s?api-version=1', authorization }]);
    expect(scopes).toEqual([`${url}/.default`]);
  });

  it.each([
    [401, 'not-permitted'],
    [403, 'not-permitted'],
    [404, 'rejected'],
    [409, 'conflict'],
    [429, 'unavailable'],
    [500, 'unavailable'],
  ])('answered %i is %s, and names what was asked for', async (status, code) => {
    answer = { status, body: '{}' };
    await expect(get()).rejects.toMatchObject({
      code,
      object: '/subscriptions/s',
      message: `Azure Resource Manager answered ${status}`,
    });
  });

  it('is sent nowhere else: a token must not go where a redirect leads', async () => {
    answer = { status: 302, headers: { location: `${url}/elsewhere` } };
    await expect(get()).rejects.toMatchObject({ code: 'unavailable' });
    expect(asked.map(({ path }) => path)).toEqual(['/subscriptions/s?api-version=1']);
  });

  it('without an answer is unavailable', async () => {
    server.closeAllConnections();
    server.close();
    await expect(get()).rejects.toMatchObject({
      code: 'unavailable',
      object: '/subscriptions/s',
      message: 'Azure Resource Manager did not answer',
    });
  });
});

describe('a public document', () => {
  it('is read, and is a failure by its status where it can not be had', async () => {
    expect(await readJson(`${url}/a`)).toEqual({ name: 'x' });
    answer = { status: 404 };
    await expect(readJson(`${url}/a`)).rejects.toMatchObject({ code: 'rejected', object: `${url}/a` });
    answer = { status: 503 };
    await expect(readJson(`${url}/a`)).rejects.toMatchObject({ code: 'unavailable' });
    server.closeAllConnections();
    server.close();
    await expect(readJson(`${url}/a`)).rejects.toMatchObject({ code: 'unavailable', object: `${url}/a` });
  });
});
