import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { projectRoot } from '../../../local/build/build.ts';
import { type RunningApp, STUCK, startApp } from './app.ts';
import { CALLS, type Hosts } from './calls.ts';

/* The running app's real answers are held against the description that it serves, and the other way round. */

interface Described {
  paths: Record<
    string,
    Record<string, { security: object[]; responses: Record<string, { content?: Record<string, object> }> }>
  >;
}

const document = JSON.parse(readFileSync(join(projectRoot, 'page', 'openapi.json'), 'utf8')) as Described;
const ajv = new Ajv2020({ strict: false, allErrors: true });
(formats as unknown as (ajv: Ajv2020) => void)(ajv);
ajv.addSchema(document, 'api');

let app: RunningApp;
let hosts: Hosts;
/** What lets a call come as far as what is missing. */
const SOME = { GITHUB_REPOSITORIES: 'acme/shop', TRUST_DELIVERIES: 'true', LOGS: 'true', WORKLOAD_IDENTITIES: 'no id' };
const given = new Set<string>();

beforeAll(async () => {
  app = await startApp();
  await app.create(['alive', 'departed'], 'ready');
  await app.create([STUCK], 'starting');
  await app.remove('departed');
  const signIn = { PAGE_SIGN_IN: 'entra', WEBSITE_AUTH_ENABLED: 'true' };
  const nowhere = app.connectionString.replaceAll(/(127\.0\.0\.1):\d+/g, '$1:9');
  hosts = {
    app,
    bare: await app.startAlone({ ...signIn, ...SOME, GITHUB_OIDC_ISSUER: app.issuer }),
    cut: await app.startWith({ ...signIn, AzureWebJobsStorage: nowhere }),
    signedIn: await app.startWith(signIn),
  };
}, 240_000);
afterAll(() => app.stop(), 60_000);

test.each(CALLS)(
  '$method $path answers $status as described $what',
  async ({ method, path, status, send }) => {
    const response = await send(hosts);
    const text = await response.text();
    expect({ status: response.status, text }).toEqual({ status, text: expect.any(String) });
    const described = document.paths[path]?.[method.toLowerCase()]?.responses[String(status)];
    expect(described).toBeDefined();
    given.add(`${method} ${path} ${status}`);
    const type = Object.keys(described?.content ?? {})[0];
    if (type === undefined) return expect(text).toBe('');
    expect(response.headers.get('content-type')).toContain(type);
    if (type === 'application/json') expect(faults([path, method.toLowerCase(), status], JSON.parse(text))).toEqual([]);
  },
  60_000,
);

test('nothing is described that the app does not answer', () => {
  const described = Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.entries(operations).flatMap(([method, { responses, security }]) =>
      Object.keys(responses)
        // who comes without a function's key is answered by the platform
        .filter((status) => !(status === '401' && security.some((one) => 'functionKey' in one)))
        .map((status) => `${method.toUpperCase()} ${path} ${status}`),
    ),
  );
  expect(described.filter((answer) => !given.has(answer) && !ELSEWHERE.has(answer))).toEqual([]);
});

/** Answers that take what this app's peers here do not do; the tests of their units hold them against the same words. */
const ELSEWHERE = new Set(['GET /environments/{name}/logs 403']);

function faults([path, method, status]: [string, string, number], body: unknown): unknown[] {
  const pointer = [path, method, 'responses', status, 'content', 'application/json', 'schema']
    .map((part) => encodeURIComponent(String(part).replaceAll('~', '~0').replaceAll('/', '~1')))
    .join('/');
  const validate = ajv.getSchema(`api#/paths/${pointer}`) ?? ajv.compile({ $ref: `api#/paths/${pointer}` });
  void validate(body);
  return validate.errors ?? [];
}
