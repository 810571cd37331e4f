import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createHmac } from 'node:crypto';
import { existsSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { QueueServiceClient } from '@azure/storage-queue';
import { build, projectRoot } from '../../local/build/build.ts';
import { SHIPPED_OVERLAYS } from '../../local/build/overlays.ts';
import { startAzurite, type Azurite } from '../../local/azurite/azurite.ts';
import { makeDelivery } from '../../local/github/deliveries.ts';
import { startHost, type Host } from '../../local/host/start-host.ts';

const SECRET = 'planted-secret-webhook';
const repository = { fullName: 'acme/shop', id: 42, defaultBranch: 'main' };
const lines: string[] = [];

let azurite: Azurite;
let host: Host;

beforeAll(async () => {
  // other tests may be running what `npm test` has built
  if (!existsSync(join(projectRoot, 'dist', 'main.js'))) await build({ overlays: SHIPPED_OVERLAYS });
  azurite = await startAzurite();
  host = await startHost({
    appDir: projectRoot,
    log: (line) => void lines.push(line),
    settings: {
      AzureWebJobsStorage: azurite.connectionString,
      GITHUB_REPOSITORIES: repository.fullName,
      GITHUB_WEBHOOK_SECRET: SECRET,
      SWEEP_SCHEDULE: '0 0 0 1 1 *',
      WATCH_SCHEDULE: '0 0 0 1 1 *',
    },
  });
});
afterAll(async () => {
  await host.stop();
  await azurite.stop();
});

/** As the wire has it: header lines as given, and pauses between the parts of a body. */
function post(options: {
  headers: string[];
  parts: Buffer[];
  pauseMs?: number;
}): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const { headers, parts, pauseMs = 0 } = options;
    const url = `${host.url}/api/github/webhook`;
    const sent = httpRequest(url, { method: 'POST', headers: ['Host', 'localhost', ...headers] }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }));
    });
    sent.on('error', reject);
    const send = (index: number): void => {
      const part = parts[index];
      if (part === undefined) return void sent.end();
      sent.write(part);
      setTimeout(() => send(index + 1), pauseMs);
    };
    send(0);
  });
}

const delivery = (ref: string) => makeDelivery({ event: 'delete', ref, repository, secret: SECRET });
const linesOf = (headers: Record<string, string>): string[] => Object.entries(headers).flat();
const sized = (body: Buffer): string[] => ['Content-Length', String(body.length)];

describe('the webhook behind a real HTTP server', () => {
  it('takes header names in any case, and a body that comes slowly', async () => {
    const { headers, body } = delivery('slow');
    const shouted = Object.entries(headers).flatMap(([name, value]) => [name.toUpperCase(), value]);
    const parts = [body.subarray(0, 10), body.subarray(10, 500), body.subarray(500)];

    expect(await post({ headers: [...shouted, ...sized(body)], parts, pauseMs: 300 })).toMatchObject({ status: 202 });
  });

  it('refuses a signature that comes twice, were one of the two right', async () => {
    const { headers, body } = delivery('twice');
    const wrong = ['X-Hub-Signature-256', `sha256=${'0'.repeat(64)}`];

    for (const lines of [
      [...linesOf(headers), ...wrong],
      [...wrong, ...linesOf(headers)],
    ]) {
      expect(await post({ headers: [...lines, ...sized(body)], parts: [body] })).toMatchObject({ status: 401 });
    }
  });

  it.each([
    ['X-GitHub-Event', 'push', 200, 'is not handled'],
    ['X-GitHub-Delivery', 'another-id', 400, 'not an id'],
    ['Content-Type', 'text/plain', 415, 'Content-Type'],
  ])('takes none of a header that comes twice: %s', async (name, value, status, words) => {
    const { headers, body } = delivery('doubled');
    const answer = await post({ headers: [...linesOf(headers), name, value, ...sized(body)], parts: [body] });

    expect(answer).toMatchObject({ status, body: expect.stringContaining(words) as unknown });
  });

  it.each(['[', '{"a":', '['.repeat(1024) + '"'])('is done with a signed mebibyte of %s at once', async (unit) => {
    const body = Buffer.from(unit.repeat(Math.floor((1024 * 1024) / unit.length)));
    const { headers } = makeDelivery({ event: 'delete', ref: 'x', repository, secret: SECRET });
    const signature = `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}`;
    const signed = linesOf({ ...headers, 'X-Hub-Signature-256': signature });
    const before = Date.now();

    expect(await post({ headers: [...signed, ...sized(body)], parts: [body] })).toMatchObject({ status: 400 });
    expect(Date.now() - before).toBeLessThan(5_000);
  });

  it('says of a chunked body that it arrives empty', async () => {
    const { headers, body } = delivery('chunked');
    const answer = await post({ headers: [...linesOf(headers), 'Transfer-Encoding', 'chunked'], parts: [body] });

    expect(answer).toMatchObject({ status: 400, body: expect.stringContaining('chunked') as unknown });
  });

  it('answers 300 deliveries at once, each once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 300 }, (_, n) => {
        const { headers, body } = delivery(`many-${n}`);
        return post({ headers: [...linesOf(headers), ...sized(body)], parts: [body] });
      }),
    );

    expect(answers.filter(({ status }) => status !== 202)).toEqual([]);
  });
});

const OURS = {
  v: 1,
  id: 'x',
  environment: 'x',
  repository: { fullName: 'acme/shop' },
  ref: 'x',
  reason: 'delete',
  at: '2026-11-26T00:00:00Z',
  since: '2026-11-26T00:00:00Z',
  attempt: 0,
};
const encoded = (message: unknown): string => Buffer.from(JSON.stringify(message)).toString('base64');

describe('a message on the queue that is not ours', () => {
  it.each([
    ['not base64', '{"v":1}', "on 'environment-requests' is not base64: moved to poison"],
    ['not JSON', Buffer.from('no JSON').toString('base64'), 'not a JSON object'],
    ['of another version', Buffer.from('{"v":2,"id":"x"}').toString('base64'), 'of another version'],
    ['too old', encoded({ ...OURS, at: '2026-01-01T00:00:00Z' }), 'too old'],
    ['with wrong types', encoded({ ...OURS, ref: 7, repository: [] }), 'lacks or misstates: ref, repository'],
    ['without its fields', Buffer.from('{"v":1,"id":"x"}').toString('base64'), 'lacks or misstates: environment'],
  ])(
    'ends on the poison queue or with one line, and holds up nothing: %s',
    async (_what, text, why) => {
      const queue = QueueServiceClient.fromConnectionString(azurite.connectionString).getQueueClient(
        'environment-requests',
      );
      await queue.createIfNotExists();
      const before = lines.length;
      await queue.sendMessage(text);
      const until = Date.now() + 20_000;
      const found = (): string[] => lines.slice(before).filter((line) => line.includes(why));
      while (found().length === 0 && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 100));

      // none comes back
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      expect(found()).toHaveLength(1);
    },
    30_000,
  );
});
