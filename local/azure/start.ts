import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createArm } from './arm-server.ts';
import type { HeldCredential } from './credentials.ts';
import type { AzureCall, AzureOptions, Fault, Overlap } from './options.ts';
import { parseArmPath } from './routes.ts';
import { createTokenEndpoint, tenantOf, type TokenRequest } from './token-endpoint.ts';

export interface AzureStandIn {
  /** For ARM_ENDPOINT. */
  url: string;
  calls: AzureCall[];
  overlaps: Overlap[];
  /** Each trade of a pod's token at the token endpoint, and how it ended. */
  tokenRequests: TokenRequest[];
  /** What an identity holds. */
  credentials(identityId: string): HeldCredential[];
  /** Puts a credential there as somebody else would, past rates, delay and faults. */
  hold(identityId: string, credential: HeldCredential): void;
  /** Asked before every call. */
  setFault(hook: ((call: AzureCall) => Fault | Promise<Fault>) | undefined): void;
  setDelay(ms: number): void;
  /** How long after its writing the token endpoint learns of a credential. */
  setPropagation(ms: number): void;
  close(): Promise<void>;
}

/**
 * Serves the part of Azure Resource Manager that the app uses, by the rules Azure states for federated credentials:
 * https://learn.microsoft.com/entra/workload-id/workload-identity-federation-considerations
 */
export async function startAzure(options: AzureOptions): Promise<AzureStandIn> {
  const arm = createArm(options);
  const calls: AzureCall[] = [];
  const tokens = createTokenEndpoint({
    identities: options.identities,
    signingKeys: options.signingKeys,
    credentials: (identityId) => [...arm.held(identityId).values()],
    writtenAt: (credential) => arm.writtenAt(credential),
  });
  let hook: ((call: AzureCall) => Fault | Promise<Fault>) | undefined;
  let url = '';

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const text = Buffer.concat(await request.toArray()).toString();
    const method = request.method ?? 'GET';
    const target = request.url ?? '/';
    const tenant = tenantOf(method, target);
    if (tenant !== undefined) {
      const { status, body } = await tokens.answer(tenant, new URLSearchParams(text));
      response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
      return;
    }
    const authorized = request.headers.authorization !== undefined;
    const call: AzureCall = { method, url: target, authorized, at: Date.now(), ...parseArmPath(method, target) };
    calls.push(call);
    const injected = await hook?.(call);
    const own = typeof injected === 'object' ? injected : undefined;
    const given =
      injected === 'drop' ? undefined : (own ?? (await arm.answer(call, { body: parseJson(text), origin: url })));
    call.endedAt = Date.now();
    if (given === undefined || injected === 'lose') {
      response.destroy();
      return;
    }
    call.status = given.status;
    const payload = given.body === undefined ? '' : JSON.stringify(given.body);
    response.writeHead(given.status, { 'Content-Type': 'application/json', ...given.headers }).end(payload);
  }

  const server = createServer((request, response) => {
    serve(request, response).catch((error: unknown) => {
      response.destroy(error instanceof Error ? error : undefined);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  return {
    url,
    calls,
    overlaps: arm.overlaps,
    tokenRequests: tokens.requests,
    credentials: (identityId) => [...arm.held(identityId).values()],
    hold: (identityId, credential) => void arm.held(identityId).set(credential.name.toLowerCase(), credential),
    setFault: (next) => void (hook = next),
    setDelay: (ms) => arm.setDelay(ms),
    setPropagation: (ms) => tokens.setPropagation(ms),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function parseJson(text: string): unknown {
  try {
    return text === '' ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
