import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createConfig, lintFromString } from '@redocly/openapi-core';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { answerStatus } from '../../../lib/intake/status.ts';
import { type World, createWorld } from '../../support/fakes/world.ts';

/* The description that the app serves at /api/openapi.json; test/e2e/openapi holds the running app's answers against it. */

interface Document {
  openapi: string;
  paths: Record<string, Record<string, object>>;
  components: { schemas: Record<string, { properties?: object }> };
}

const ROOT = join(import.meta.dirname, '..', '..', '..');
const source = readFileSync(join(ROOT, 'page', 'openapi.json'), 'utf8');
const document = JSON.parse(source) as Document;
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

describe('the description', () => {
  test('names every field of a record', async () => {
    const known = Object.keys(document.components.schemas['Environment']?.properties ?? {});
    const { body } = await status('ex-c4-e6', true);
    const sent = JSON.parse(JSON.stringify(body)) as object;
    expect(Object.keys(sent).filter((field) => !known.includes(field))).toEqual([]);
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

  test('is of OpenAPI 3.1 and lints clean', async () => {
    expect(document.openapi).toMatch(/^3\.1\./);
    const config = await createConfig({
      extends: ['recommended-strict'],
      // nothing that a caller sends to health and to the description itself can be wrong
      rules: { 'operation-4xx-response': 'off' },
    });
    const problems = await lintFromString({ source, absoluteRef: 'openapi.json', config });
    expect(problems.map(({ ruleId, message, location }) => `${ruleId}: ${message} ${location[0]?.pointer}`)).toEqual(
      [],
    );
  });
});
