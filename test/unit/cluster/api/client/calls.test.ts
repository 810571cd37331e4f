import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { type Call, JSON_PATCH, MERGE_PATCH, METADATA, METADATA_LIST } from '../../../../../lib/cluster/api/client.ts';
import { type Scripted, startScripted, status } from '../../scripted.ts';

const GET: Call = { method: 'GET', path: '/x', object: 'ConfigMap/a/b' };
const DATE = 'Mon, 23 Nov 2026 10:00:00 GMT';

let server: Scripted;
beforeAll(async () => {
  server = await startScripted();
});
afterAll(() => server.stop());
beforeEach(() => server.reset());
afterEach(() => {
  jest.restoreAllMocks();
});

const thrownBy = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'nothing',
    (thrown: unknown) => thrown,
  );

describe('a call as the API server gets it', () => {
  const JSON_TYPE = 'application/json';
  const body = { a: 1 };

  it.each<[string, Partial<Call>, object]>([
    ['a read', {}, { accept: JSON_TYPE }],
    ['a read of metadata', { accept: METADATA }, { accept: METADATA }],
    ['a POST', { method: 'POST', body }, { accept: JSON_TYPE, contentType: JSON_TYPE, body }],
    ['a DELETE without options', { method: 'DELETE' }, { accept: JSON_TYPE }],
    ['a DELETE with options', { method: 'DELETE', body }, { accept: JSON_TYPE, contentType: JSON_TYPE, body }],
    [
      'a server-side apply',
      { method: 'PATCH', body, accept: METADATA },
      { accept: METADATA, contentType: 'application/apply-patch+yaml', body },
    ],
    [
      'another patch',
      { method: 'PATCH', body, contentType: MERGE_PATCH },
      { accept: JSON_TYPE, contentType: 'application/merge-patch+json', body },
    ],
    [
      'a body of a type that its method does not tell',
      { method: 'POST', body, contentType: JSON_PATCH },
      { accept: JSON_TYPE, contentType: 'application/json-patch+json', body },
    ],
  ])('is as %s should be, and says who calls', async (_, more, expected) => {
    server.answer({ status: 200 });
    const call = { ...GET, ...more };
    await server.send(call);
    expect(server.asked).toEqual([{ method: call.method, path: '/x', ...expected }]);
    expect(server.headers[0]).toMatchObject({ authorization: 'Bearer scripted' });
  });

  it('asks for metadata alone in the terms of Kubernetes', () => {
    expect([METADATA, METADATA_LIST]).toEqual([
      'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1',
      'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1',
    ]);
  });

  it('goes below the path of the server’s address, with or without a slash at its end', async () => {
    for (const prefix of ['/k8s/c-1', '/k8s/c-1//']) {
      const proxied = await startScripted({ prefix });
      proxied.answer({ status: 200 });
      await proxied.send(GET);
      expect(proxied.asked.map(({ path }) => path)).toEqual(['/k8s/c-1/x']);
      await proxied.stop();
    }
  });
});

describe('an answer', () => {
  const outcomeOf = async (call: Call): Promise<unknown> => {
    const outcome = await server.send(call).catch((thrown: unknown) => thrown);
    return outcome instanceof Error ? outcome.message : (outcome as { body: unknown }).body;
  };

  it.each<[string, Partial<Call>, number, unknown, unknown]>([
    ['parsed', {}, 299, { a: 1 }, { a: 1 }],
    ['a failure from 300 on', {}, 300, { a: 1 }, 'ConfigMap/a/b: the API server answered 300'],
    ['an answer where the caller expects it', { expect: [300] }, 300, { a: 1 }, { a: 1 }],
    [
      'a failure where the caller expects another',
      { expect: [404] },
      409,
      {},
      'ConfigMap/a/b: the API server answered 409',
    ],
    ['what is not JSON: none', {}, 299, '<html>', 'ConfigMap/a/b: the answer is not JSON'],
    ['what is not JSON, of a failure', {}, 300, '<html>', 'ConfigMap/a/b: the API server answered 300'],
    ['expected without a body that can be read', { expect: [404] }, 404, '<html>', undefined],
    ['text, as it is', { text: true }, 299, '{"a":1}', '{"a":1}'],
    ['text, whose failures are parsed', { text: true, expect: [300] }, 300, { a: 1 }, { a: 1 }],
    ['with its managedFields', {}, 200, '{"managedFields":[1]}', { managedFields: [1] }],
    [
      'without the managedFields that nobody reads',
      { omitManagedFields: true },
      200,
      '{"managedFields":[1]}',
      { managedFields: [] },
    ],
    ['the words of the server', {}, 422, status(422), 'ConfigMap/a/b: said by the server'],
    [
      'no words of the server about a Secret',
      { secret: true },
      422,
      status(422),
      'ConfigMap/a/b: the API server answered 422',
    ],
  ])('is %s', async (_, more, code, body, expected) => {
    server.answer(() => ({ status: code, body }));
    expect(await outcomeOf({ ...GET, ...more })).toEqual(expected);
  });

  it('tells the server’s time at the call’s first try at the latest, to the second below', async () => {
    let now = 5_000;
    jest.spyOn(performance, 'now').mockImplementation(() => now);
    const answers = [{ status: 503 }, { status: 200, headers: { date: DATE } }];
    server.answer(() => {
      now += 250;
      return answers.shift();
    });
    const { since, retried } = await server.send(GET);
    expect({ since, retried }).toEqual({ since: Date.parse(DATE) - 500 - 1_000, retried: true });

    server.answer(() => {
      now += 40;
      return { status: 200, headers: { date: DATE } };
    });
    expect(await server.send(GET)).toEqual({
      status: 200,
      body: {},
      since: Date.parse(DATE) - 40 - 1_000,
      retried: false,
    });
  });

  it('tells no time where the server tells none', async () => {
    server.answer(() => ({ status: 200, headers: { date: 'now' } }));
    expect((await server.send(GET)).since).toBeUndefined();
  });

  it.each<[string, string | string[] | undefined, number | undefined]>([
    ['says so in the error', '60', 60_000],
    ['is believed for a minute', '61', 60_000],
    ['says so twice: the first', ['7', '50'], 7_000],
    ['is misspelt', 'soon', undefined],
    ['is absent', undefined, undefined],
  ])('whose Retry-After %s', async (_, value, expected) => {
    server.answer(() => ({ status: 503, ...(value !== undefined && { headers: { 'retry-after': value } }) }));
    const error = await thrownBy(server.send(GET));
    expect(error).toMatchObject({ code: 'unavailable', object: 'ConfigMap/a/b', retryAfterMs: expected });
  });
});
