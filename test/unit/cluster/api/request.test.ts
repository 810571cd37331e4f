import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DEFAULT_CONNECTIONS } from '../../../../lib/cluster/api/connection.ts';
import { ProvisionerError } from '../../../../lib/errors.ts';
import type { Fault } from '../../../../local/kubernetes/http/options.ts';
import { type Running, configMap, startRunning } from '../running.ts';

describe('a call to the API server', () => {
  let running: Running;
  beforeEach(async () => {
    running = await startRunning({ timeoutMs: 300 });
  });
  afterEach(() => running.stop());

  /** The first calls fail like this, later ones succeed. */
  function failFirst(...faults: Fault[]): void {
    running.kubernetes.behaviour.fault = () => faults.shift();
  }

  const status = (code: number, headers: Record<string, string> = {}): Fault => ({
    status: code,
    headers,
    body: { kind: 'Status', status: 'Failure', message: `failed as told\n(${code})`, code },
  });

  it.each<[string, Fault]>([
    ['429', status(429)],
    ['500', status(500)],
    ['503', status(503)],
    ['504', status(504)],
    ['an answer that is not JSON', { status: 200, body: '<html>' }],
    ['a dropped connection', 'drop'],
    ['no answer in time', 'hang'],
  ])('is sent again after %s', async (_, fault) => {
    failFirst(fault);
    expect(await running.cluster.readNamespace('default')).toMatchObject({ name: 'default' });
    expect(running.calls()).toHaveLength(2);
    expect(running.pauses).toEqual([150]);
  });

  it.each([400, 403, 409, 422])('is not sent again after %d', async (code) => {
    failFirst(status(code));
    await expect(running.cluster.readNamespace('default')).rejects.toBeInstanceOf(ProvisionerError);
    expect(running.calls()).toHaveLength(1);
  });

  it('is not sent again where the body does not fit the schema, though that is a 500', async () => {
    await running.makeNamespace('feature-typo');
    const typo = { ...configMap('typo'), dataa: {} };
    const options = { namespace: 'feature-typo', fresh: true, known: [], writeGuard: () => undefined };
    expect((await running.cluster.apply([typo], options)).error).toMatchObject({ code: 'rejected' });
    expect(running.calls()).toHaveLength(1);
  });

  it('waits as long as Retry-After says', async () => {
    failFirst(status(429, { 'retry-after': '2' }));
    await running.cluster.readNamespace('default');
    expect(running.pauses).toEqual([2_075]);
  });

  it('passes a long Retry-After on instead of sleeping for it', async () => {
    failFirst(status(503, { 'retry-after': '60' }));
    await expect(running.cluster.readNamespace('default')).rejects.toMatchObject({
      code: 'unavailable',
      retryAfterMs: 60_000,
    });
    expect(running.pauses).toEqual([]);
  });

  it('gives up after four tries with longer and longer pauses, in one line that names the object', async () => {
    running.kubernetes.behaviour.fault = () => status(503);
    await expect(running.cluster.readNamespace('default')).rejects.toMatchObject({
      code: 'unavailable',
      object: 'Namespace/default',
      message: 'Namespace/default: failed as told (503)',
    });
    expect(running.calls()).toHaveLength(4);
    expect(running.pauses).toEqual([150, 300, 600]);
  });

  it('says so where nothing answers at all', async () => {
    running.kubernetes.behaviour.fault = () => 'drop';
    await expect(running.cluster.readNamespace('default')).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/^Namespace\/default: no answer \(.+\)$/),
    });
  });

  it('asks admit again before every try of a write, with its timeout', async () => {
    failFirst('drop', status(503));
    const asked: number[] = [];
    const writeGuard = (timeoutMs: number): undefined => void asked.push(timeoutMs);
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'feature-asked' } };
    expect(await running.cluster.createNamespace(namespace, writeGuard)).toMatchObject({
      kind: 'created',
      namespace: { name: 'feature-asked' },
    });
    expect(asked).toEqual([300, 300, 300]);
  });

  it('answers exists for a POST whose first answer was lost, so that the caller looks whose it is', async () => {
    failFirst('lose');
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'feature-lost' } };
    expect(await running.cluster.createNamespace(namespace, () => undefined)).toEqual({ kind: 'exists' });
  });

  it('is not sent where admit throws', async () => {
    await running.makeNamespace('feature-fenced');
    const writeGuard = (): undefined => {
      throw new ProvisionerError('lease-lost', 'the lease ends too soon');
    };
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'feature-x' } };
    await expect(running.cluster.createNamespace(namespace, writeGuard)).rejects.toMatchObject({ code: 'lease-lost' });
    const options = { namespace: 'feature-fenced', fresh: true, known: [], writeGuard };
    const applied = await running.cluster.apply([configMap('a'), configMap('b')], options);
    expect(applied).toMatchObject({ inventory: [], error: { code: 'lease-lost' } });
    expect(running.calls()).toEqual([]);
  });

  it('waits where admit gives a promise and then asks again', async () => {
    const steps: string[] = [];
    const writeGuard = (): Promise<void> | undefined => {
      steps.push('asked');
      if (steps.length > 1) return undefined;
      return Promise.resolve().then(() => void steps.push('waited'));
    };
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'feature-waited' } };
    await running.cluster.createNamespace(namespace, writeGuard);
    expect(steps).toEqual(['asked', 'waited', 'asked']);
  });

  it('keeps no connection from what admit waits for, though writes take all there are', async () => {
    await running.makeNamespace('feature-many');
    let look: Promise<unknown> | undefined;
    let looked = false;
    const writeGuard = (): Promise<void> | undefined => {
      if (looked) return undefined;
      look ??= running.cluster.readNamespace('feature-many').then(() => (looked = true));
      return look.then(() => undefined);
    };
    const objects = Array.from({ length: 2 * DEFAULT_CONNECTIONS }, (_, index) => configMap(`c-${index}`));
    const applied = await running.cluster.apply(objects, {
      namespace: 'feature-many',
      fresh: true,
      known: [],
      writeGuard,
    });
    expect(applied.error).toBeUndefined();
    expect(applied.inventory).toHaveLength(objects.length);
  });

  it('asks admit for no read and no dry run', async () => {
    await running.makeNamespace('feature-read');
    await running.cluster.plan([configMap('a')], { namespace: 'feature-read' });
    await running.cluster.policies();
    const asked = running.calls().filter(({ path }) => !path.endsWith('/selfsubjectaccessreviews'));
    expect(asked.map(({ method, dryRun }) => `${method} ${dryRun}`).sort()).toEqual([
      ...['DELETE true', 'PATCH true', 'PATCH true', 'PATCH true', 'POST true'],
    ]);
  });
});
