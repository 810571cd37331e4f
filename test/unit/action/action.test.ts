import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createTokenVerifier } from '../../../lib/github/workflow-token.ts';
import { type TokenService, startTokenService } from '../../../local/github/token-service.ts';

const PROGRAM = join(import.meta.dirname, '..', '..', '..', 'action', 'main.ts');
const AT = '2026-11-28T12:00:00.000Z';
const READY = {
  name: 'login',
  phase: 'ready',
  event: { at: AT },
  url: 'https://login.example.test',
  imageTag: 'v2',
  steps: { workloads: { state: 'done', ms: 1500 } },
  warnings: ['pods older than ConfigMap/web'],
};

let folder: string;
let service: TokenService;
let calls: { method: string; url: string; body: Record<string, unknown>; verified: string }[];
let answers: ((method: string) => { status: number; body: object })[];
let stop: () => Promise<void>;
let address: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'action-'));
  service = await startTokenService();
  service.claims = { repository: 'acme/shop', repository_id: '42' };
  calls = [];
  answers = [];
  const verify = createTokenVerifier({ issuer: service.issuer, audience: 'feature-branch-provisioner', now: Date.now });
  const server = createServer((request, response) => {
    void (async () => {
      const text = (await buffer(request)).toString();
      const { kind } = await verify(request.headers.authorization?.replace('Bearer ', '') ?? '');
      const { method = '', url = '' } = request;
      calls.push({
        method,
        url,
        body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>),
        verified: kind,
      });
      const next = answers.length > 1 ? answers.shift() : answers[0];
      const { status, body } = next?.(method) ?? { status: 500, body: {} };
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    })();
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  stop = () =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
});
afterEach(async () => {
  await stop();
  await service.close();
  await rm(folder, { recursive: true, force: true });
});

/** Runs the step as a runner does: inputs and files by the documented variables. */
async function runAction(inputs: Record<string, string>, more: Record<string, string> = {}) {
  const output = join(folder, 'output');
  const summary = join(folder, 'summary');
  await Promise.all([writeFile(output, ''), writeFile(summary, '')]);
  const child = spawn(process.execPath, ['--no-warnings', PROGRAM], {
    env: {
      PATH: process.env['PATH'],
      GITHUB_OUTPUT: output,
      GITHUB_STEP_SUMMARY: summary,
      ACTIONS_ID_TOKEN_REQUEST_URL: service.requestUrl,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: service.requestToken,
      INPUT_ADDRESS: address,
      INPUT_WAIT: 'true',
      INPUT_TIMEOUT: '1',
      ...Object.fromEntries(Object.entries(inputs).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value])),
      ...more,
    },
  });
  const [said, code] = await Promise.all([
    buffer(child.stdout),
    new Promise<number | null>((resolve) => child.once('close', resolve)),
  ]);
  return {
    code,
    said: said.toString(),
    output: await readFile(output, 'utf8'),
    summary: await readFile(summary, 'utf8'),
  };
}

const queued = { status: 202, body: { outcome: 'queued', environment: 'login', at: AT } };
const status = (body: object) => ({ status: 200, body });

describe('The action', () => {
  it('provisions with the image tag, shows the phases, waits and gives the address', async () => {
    answers = [
      () => queued,
      () => status({ ...READY, phase: 'starting', waitingOn: 'web: 0 of 1' }),
      () => status(READY),
    ];
    const { code, said, output, summary } = await runAction({ 'image-tag': 'v2' });
    expect(said).toMatch(/queued[\s\S]*starting: web: 0 of 1[\s\S]*ready/);
    expect(code).toBe(0);
    expect(calls[0]).toMatchObject({ method: 'PUT', body: { imageTag: 'v2' }, verified: 'verified' });
    expect(calls[1]?.url).toMatch(/\?wait=0$/);
    expect(calls[2]?.url).toMatch(/\?wait=30$/);
    expect(output).toMatch(/^environment<<(\S+)\nlogin\n\1\n/);
    expect(output).toMatch(/url<<(\S+)\nhttps:\/\/login\.example\.test\n\1\n/);
    expect(summary).toContain('| workloads | done | 1.5 s |');
    expect(summary).toContain('pods older than ConfigMap/web');
  });

  it('is not taken in by the ready of an earlier request', async () => {
    answers = [
      () => queued,
      () => status({ ...READY, event: { at: '2026-11-28T11:00:00.000Z' } }),
      () => status({ ...READY, phase: 'failed', error: { message: 'web crashes', fix: 'look at its log' } }),
    ];
    const { code, said } = await runAction({});
    expect(code).toBe(1);
    expect(said).toContain('::error title=Feature branch environment::web crashes%0Alook at its log');
  });

  it('fails where the request was refused, though the environment stands', async () => {
    answers = [() => queued, () => status({ ...READY, refused: { guard: 'render', reason: 'holds X' } })];
    const { code, said } = await runAction({});
    expect(code).toBe(1);
    expect(said).toContain('Refused by guard render: holds X');
  });

  it('annotates a refusal with its guard and reason', async () => {
    answers = [
      () => ({ status: 409, body: { outcome: 'refused', guard: 'filter', reason: 'the filter keeps it out' } }),
    ];
    const { code, said } = await runAction({});
    expect(code).toBe(1);
    expect(said).toContain(
      '::error title=Feature branch environment::Refused by guard filter: the filter keeps it out',
    );
  });

  it('tries again what may pass', async () => {
    answers = [() => ({ status: 503, body: {} }), () => queued, () => status(READY)];
    expect((await runAction({})).code).toBe(0);
    expect(calls.map(({ method }) => method)).toEqual(['PUT', 'PUT', 'GET']);
  });

  it('goes on at once where it is told not to wait', async () => {
    answers = [() => queued];
    const { code, output } = await runAction({ wait: 'false' });
    expect(code).toBe(0);
    expect(output).toMatch(/phase<<(\S+)\nqueued\n/);
    expect(calls).toHaveLength(1);
  });

  it('says what the job lacks where it has no token', async () => {
    const { code, said } = await runAction({}, { ACTIONS_ID_TOKEN_REQUEST_TOKEN: '' });
    expect(code).toBe(1);
    expect(said).toContain('permissions: id-token: write');
    expect(calls).toEqual([]);
  });

  it('shows its token to nobody, and lets no text of others act as a command', async () => {
    answers = [
      () => queued,
      () => status({ ...READY, phase: 'starting', waitingOn: 'x\n::set-env name=PATH::/evil' }),
      () => status({ ...READY, url: 'https://x\nurl<<y\nhttps://evil' }),
    ];
    const { said, output } = await runAction({});
    const tokens = said.match(/ey[\w-]+\.[\w-]+\.[\w-]+/g) ?? [];
    expect(said.split('\n').filter((line) => tokens.some((token) => line.includes(token)))).toEqual(
      tokens.map((token) => `::add-mask::${token}`),
    );
    expect(said.split('\n').filter((line) => line.startsWith('::set-env'))).toEqual([]);
    expect(output.match(/^end-[\w-]+$/gm)).toHaveLength(3);
  });

  it('sends what kustomize builds of a directory, and null to go back', async () => {
    await writeFile(join(folder, 'kustomization.yaml'), 'resources: [config.yaml]\n');
    await writeFile(join(folder, 'config.yaml'), 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: BRANCH_NAME}\n');
    answers = [() => queued, () => status(READY)];
    expect((await runAction({ manifests: folder })).code).toBe(0);
    expect(calls[0]?.body['manifests']).toMatchObject({ format: 'kustomize-build/v1', gzip: expect.any(String) });
    answers = [() => queued, () => status(READY)];
    await runAction({ manifests: 'reset' });
    expect(calls.find(({ method, body }) => method === 'PUT' && body['manifests'] === null)).toBeDefined();
  });
});
