import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { answerDiagnosis } from '../../../lib/diagnosis/answer-diagnosis.ts';
import { answerHealth } from '../../../lib/diagnosis/health/answer-health.ts';
import { readHealth } from '../../../lib/diagnosis/health/health.ts';
import type { Answer } from '../../../lib/intake/answer.ts';
import { receiveManual } from '../../../lib/intake/manual.ts';
import { answerObserved } from '../../../lib/intake/observed.ts';
import { answerStatus } from '../../../lib/intake/status.ts';
import { answerIdentities } from '../../../lib/page/answer-identities.ts';
import { answerLogs } from '../../../lib/page/answer-logs.ts';
import { answerMirror } from '../../../lib/page/mirror.ts';
import { newLedger } from '../../../lib/identity/ledger/ledger.ts';
import { toIdentitySlots } from '../../../lib/identity/slots.ts';
import { type World, createWorld } from '../../support/fakes/world.ts';

/* What the handlers answer is held against the description that the app serves at /api/openapi.json. */

type Operation = {
  operationId: string;
  summary?: string;
  security?: object[];
  responses: Record<string, { description?: string }>;
};
interface Document {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, { properties?: object }> };
}

const ROOT = join(import.meta.dirname, '..', '..', '..');
const document = JSON.parse(readFileSync(join(ROOT, 'page', 'openapi.json'), 'utf8')) as Document;
const ajv = new Ajv2020({ strict: false, allErrors: true });
(formats as unknown as (ajv: Ajv2020) => void)(ajv);
ajv.addSchema(document, 'api');

let world: World;

beforeAll(async () => {
  world = createWorld();
  await world.handle(world.request('create'));
  await world.settle();
});

const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
const status = (name: string | undefined, live = false) =>
  answerStatus(
    {
      records: async () => world.records,
      live: async () => ({
        namespace: { uid: 'a', terminating: false },
        credentials: 'unknown',
        objects: [],
        events: [],
      }),
      log,
    },
    { name, all: true, live, ifNoneMatch: undefined, requestId: 'r' },
  );
const manual = (reason: 'provision' | 'deprovision', body: object) =>
  receiveManual(
    {
      settings: () => ({
        ...world.settings,
        repositories: [...world.settings.repositories],
        protectedNamespaces: [],
        defaultBranches: ['main'],
      }),
      ports: async () => world.ports,
      requests: async () => world.requests,
      records: async () => world.records,
      cluster: async () => world.cluster,
      clock: { ...world.clock, sleep: () => new Promise(() => undefined) },
      newId: () => 'id',
      log,
    },
    { reason, bytes: Buffer.from(JSON.stringify(body)), statusUrl: '/api/environments/', requestId: 'r' },
  );

const checks = () =>
  readHealth({
    version: '0.1.0',
    mode: () => 'apply',
    heldSweep: async () => ({ at: '2026-11-01T00:00:00.000Z', deletions: 9, limit: 3, planId: 'p' }),
    sleep: () => new Promise(() => undefined),
    probes: {
      settings: async () => 'ok',
      storage: async () => 'ok',
      cluster: async () => 'ok',
      policies: async () => 'unbound',
      identity: async () => 'off',
      github: async () => 'ok',
    },
  });
const health = async (): Promise<Answer> => {
  const { status, jsonBody } = await answerHealth(checks, {
    header: () => undefined,
    query: new URLSearchParams(),
    checksUrl: '/api/health/checks',
  });
  return { status, body: { ...jsonBody } };
};

const ANSWERS: [string, string, number, () => Promise<Answer>][] = [
  ['get', '/environments', 200, () => status(undefined)],
  [
    'get',
    '/environments',
    200,
    () =>
      answerObserved(
        { records: async () => world.records, sweeps: async () => world.sweeps, mode: () => 'observe', log },
        { ifNoneMatch: undefined, requestId: 'r' },
      ),
  ],
  ['get', '/environments/{name}', 200, () => status('ex-c4-e6')],
  ['get', '/environments/{name}', 200, () => status('ex-c4-e6', true)],
  ['get', '/environments/{name}', 404, () => status('nobody')],
  ['post', '/provision', 200, () => manual('provision', { branch: 'ex-c4-e6', dryRun: true })],
  ['post', '/provision', 202, () => manual('provision', { branch: 'ex-c4-e6' })],
  ['post', '/provision', 400, () => manual('provision', { branch: '..' })],
  ['post', '/provision', 409, () => manual('provision', { branch: 'kube-system' })],
  ['post', '/deprovision', 200, () => manual('deprovision', { branch: 'ex-c4-e6', dryRun: true })],
  ['post', '/deprovision', 409, () => manual('deprovision', { branch: 'kube-system' })],
  [
    'get',
    '/environments/{name}/diagnosis',
    404,
    () =>
      answerDiagnosis(
        { log, records: async () => world.records, ports: async () => world.ports },
        { name: 'nobody', requestId: 'r' },
      ),
  ],
  [
    'get',
    '/environments/{name}/logs',
    404,
    () =>
      answerLogs(
        {
          isOn: () => false,
          records: async () => world.records,
          cluster: () => Promise.reject(new Error('not asked')),
          now: () => 0,
          log,
        },
        { name: 'ex-c4-e6', requestId: 'r' },
      ),
  ],
  [
    'get',
    '/identities',
    200,
    () => answerIdentities({ slots: async () => [toIdentitySlots('/subscriptions/s/kv-1', newLedger())], log }, 'r'),
  ],
  ['get', '/health', 200, health],
  ['get', '/health/checks', 200, async () => ({ status: 200, body: { ...(await checks()) } })],
  [
    'get',
    '/ui-api/{path}',
    401,
    () =>
      answerMirror(
        { settings: () => ({ signIn: 'off' }), routes: [] },
        {
          method: 'GET',
          path: 'me',
          url: 'https://page.example.com/',
          query: new URLSearchParams(),
          header: () => undefined,
          body: async () => new Uint8Array(),
          requestId: 'r',
        },
      ),
  ],
];

describe('the description', () => {
  test.each(ANSWERS)('fits what %s %s answers with %i', async (method, path, code, answer) => {
    const given = await answer();
    expect(given.status).toBe(code);
    const pointer = [path, method, 'responses', String(code), 'content', 'application/json', 'schema']
      .map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1')))
      .join('/');
    const validate = ajv.getSchema(`api#/paths/${pointer}`) ?? ajv.compile({ $ref: `api#/paths/${pointer}` });
    await validate(JSON.parse(JSON.stringify(given.body)));
    expect(validate.errors ?? []).toEqual([]);
  });

  test('names every field of a record', async () => {
    const known = Object.keys(document.components.schemas['Environment']?.properties ?? {});
    const { body } = await status('ex-c4-e6', true);
    expect(Object.keys(body).filter((field) => !known.includes(field))).toEqual([]);
  });

  test('names every route of functions/ with its methods', () => {
    const served = readdirSync(join(ROOT, 'functions')).flatMap((file) => {
      const text = readFileSync(join(ROOT, 'functions', file), 'utf8');
      const route = /route: '([^']+)'/.exec(text)?.[1];
      const methods = /methods: \[([^\]]+)\]/.exec(text)?.[1] ?? '';
      if (route === undefined) return [];
      const path = `/${route.replace('{*path}', '{path}').replace('/{name?}', '')}`;
      return [...methods.matchAll(/\w+/g)].map(([method]) => `${method.toLowerCase()} ${path}`);
    });
    const described = Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method} ${path}`),
    );
    expect(served.length).toBeGreaterThan(10);
    expect(served.filter((one) => !described.includes(one))).toEqual([]);
  });

  test('is of OpenAPI 3.1, each operation with an id of its own, a summary and its security', () => {
    expect(document.openapi).toMatch(/^3\.1\./);
    const operations = Object.values(document.paths).flatMap((path) => Object.values(path));
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length);
    const bare = operations.filter(
      ({ summary, security, responses }) =>
        !summary || !security || Object.values(responses).some(({ description }) => !description),
    );
    expect(bare.map(({ operationId }) => operationId)).toEqual([]);
    const refs = JSON.stringify(document).match(/#\/components\/schemas\/\w+/g) ?? [];
    expect(refs.filter((ref) => !((ref.split('/').at(-1) ?? '') in document.components.schemas))).toEqual([]);
  });
});
