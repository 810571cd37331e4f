import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Fault } from '../../../local/kubernetes/http/options.ts';
import { type Running, startRunning } from './running.ts';

let running: Running;

beforeAll(async () => {
  running = await startRunning();
});
afterAll(() => running.stop());

const answering = (fault: Fault) => void (running.kubernetes.behaviour.fault = () => fault);

// believed, it had the record end as gone while the namespace and its credential stayed for good
describe('a 404 that is not the API server’s own about the namespace', () => {
  it.each([
    ['of a gateway', '404 page not found'],
    ['of an API server without that path', { kind: 'Status', reason: 'NotFound', details: {}, code: 404 }],
    ['about something else', { kind: 'Status', reason: 'NotFound', details: { kind: 'pods', name: 'x' }, code: 404 }],
  ])('does not make it absent: %s', async (_what, body) => {
    const live = await running.makeNamespace(`feature-${Math.random().toString(36).slice(2)}`);
    answering({ status: 404, body });
    const { cluster } = running;

    await expect(cluster.readNamespace(live.name)).rejects.toMatchObject({ code: 'unavailable', retryable: true });
    await expect(cluster.deleteNamespace(live, () => undefined)).rejects.toMatchObject({ code: 'unavailable' });
    answering(undefined);
    expect(await cluster.readNamespace(live.name)).toMatchObject({ uid: live.uid, terminating: false });
    expect(await cluster.readNamespace('feature-absent')).toBeUndefined();
  });
});
