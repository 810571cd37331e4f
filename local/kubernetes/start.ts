import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Behaviour, type BehaviourOptions, createBehaviour } from './http/options.ts';
import { ApiFault } from './http/api-errors.ts';
import { type Ask, handle } from './http/request-handler.ts';
import { type ClusterAccess, USERS, writeKubeconfig } from './kubeconfig.ts';
import { type StoredObject, createObjects } from './objects/objects.ts';
import { loadModels } from './objects/schema.ts';
import { buildGuards } from '../kustomize/build-guards.ts';
import { settle } from './control/controllers.ts';
import { furnishCluster } from './control/system.ts';
import type { World } from './objects/write.ts';
import type { KubeObject } from '../../lib/environment/ports/cluster.ts';

/** One call as it was answered. */
export interface RecordedCall {
  at: number;
  user: string;
  method: string;
  path: string;
  query: string;
  dryRun: boolean;
  status: number;
}

export interface Kubernetes {
  server: string;
  access: ClusterAccess;
  /** Writes a file with a context per user: admin, provisioner, deprovisioner. */
  writeKubeconfig(file: string): Promise<void>;
  /** May be changed at any time. */
  behaviour: Behaviour;
  /** What is there now, and every call so far; calls without an answer have status 0. */
  inspect(): { objects: StoredObject[]; calls: RecordedCall[] };
  stop(): Promise<void>;
}

let rendered: Promise<KubeObject[]> | undefined;

/** The roles and policies of manifests/cluster for the users here, rendered once for all that this process starts. */
function shippedGuards(): Promise<KubeObject[]> {
  rendered ??= buildGuards({ provisioner: 'provisioner', deprovisioner: 'deprovisioner' });
  return rendered;
}

/** Starts a stand-in for the Kubernetes API server on loopback: as much of it as test/contract asks for. */
export async function startKubernetes(
  options: BehaviourOptions & { port?: number; tokens?: ClusterAccess['tokens']; policies?: boolean } = {},
): Promise<Kubernetes> {
  const { port = 0, tokens = drawTokens(), policies = true, ...behaviourOptions } = options;
  const users = new Map(USERS.map((user) => [tokens[user], user]));
  const now = (): number => Date.now();
  const behaviour = createBehaviour(behaviourOptions, now);
  const [models, guards] = await Promise.all([loadModels(), shippedGuards()]);
  const world: World = { objects: createObjects(), behaviour, models, now };
  const calls: RecordedCall[] = [];
  furnishCluster(
    world,
    guards.filter(({ kind }) => policies || !kind.startsWith('ValidatingAdmission')),
  );

  const server = createServer((request, response) => {
    void answer(request, response).catch(() => response.destroy());
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://stand-in');
    const body = await readBody(request);
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
    const user = token === undefined ? 'system:anonymous' : users.get(token);
    const ask: Ask = {
      user,
      method: request.method ?? 'GET',
      path: url.pathname,
      query: url.searchParams,
      accept: request.headers.accept ?? '',
      contentType: request.headers['content-type'] ?? '',
      body,
    };
    const dryRun = url.searchParams.get('dryRun') === 'All' || body.includes('"dryRun":["All"]');
    const call = {
      at: now(),
      user: user ?? '',
      method: ask.method,
      path: ask.path,
      query: url.search,
      dryRun,
      status: 0,
    };
    calls.push(call);
    if (behaviour.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, behaviour.delayMs));
    const fault = behaviour.fault(call);
    if (fault === 'hang') return;
    if (fault === 'drop') return void request.socket.destroy();
    if (fault === 'lose') {
      answerTo(world, ask);
      return void request.socket.destroy();
    }
    const result = fault ? { body: {}, headers: {}, ...fault } : answerTo(world, ask);
    call.status = result.status;
    response.writeHead(result.status, { 'content-type': 'application/json', ...result.headers });
    response.end(typeof result.body === 'string' ? result.body : JSON.stringify(result.body));
  }

  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const access = { server: address, tokens };
  return {
    server: address,
    access,
    writeKubeconfig: (file) => writeKubeconfig(file, access),
    behaviour,
    inspect() {
      settle(world.objects, behaviour, now());
      return { objects: structuredClone(world.objects.all()), calls: structuredClone(calls) };
    },
    async stop() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function drawTokens(): ClusterAccess['tokens'] {
  const drawn = USERS.map((user) => [user, randomBytes(16).toString('hex')]);
  return Object.fromEntries(drawn) as ClusterAccess['tokens'];
}

function answerTo(world: World, ask: Ask): { status: number; body: unknown; headers?: Record<string, string> } {
  try {
    settle(world.objects, world.behaviour, world.now());
    return handle(world, ask);
  } catch (thrown) {
    if (thrown instanceof ApiFault) return { status: thrown.status, body: thrown.body };
    throw thrown;
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
