import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PLANTED } from '../planted.ts';

/** Client ids of the app's two identities. */
export const CLIENT_IDS = {
  provisioner: '11111111-1111-4111-8111-000000000001',
  deprovisioner: '11111111-1111-4111-8111-000000000002',
} as const;

export interface TokenEndpoint {
  /** How many tokens were given, and how many were not. */
  counts: { given: number; refused: number };
  /** How many of the next calls are answered 400, with all that the endpoint knows. */
  refuse(calls: number): void;
  close(): Promise<void>;
}

/**
 * The token endpoint of App Service's managed identities, on loopback, for @azure/identity in this process:
 * https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference
 */
export async function startTokenEndpoint(): Promise<TokenEndpoint> {
  const counts = { given: 0, refused: 0 };
  let refusals = 0;
  const server = createServer((request, response) => {
    const clientId = new URL(request.url ?? '/', 'http://localhost').searchParams.get('client_id');
    const header = String(request.headers['x-identity-header']);
    const json = { 'content-type': 'application/json' };
    if (refusals > 0 || header !== PLANTED.identityHeader) {
      refusals -= 1;
      counts.refused += 1;
      const message = `no identity for ${header}, ${JSON.stringify(PLANTED.tokens)}`;
      response.writeHead(400, json).end(JSON.stringify({ statusCode: 400, message }));
      return;
    }
    counts.given += 1;
    const user = clientId === CLIENT_IDS.deprovisioner ? 'deprovisioner' : 'provisioner';
    const expires_on = String(Math.floor(Date.now() / 1000) + 3_600);
    const token = { access_token: PLANTED.tokens[user], expires_on, resource: 'aks', token_type: 'Bearer' };
    response.writeHead(200, json).end(JSON.stringify(token));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const before = { endpoint: process.env['IDENTITY_ENDPOINT'], header: process.env['IDENTITY_HEADER'] };
  process.env['IDENTITY_ENDPOINT'] = `http://127.0.0.1:${(server.address() as AddressInfo).port}/msi/token`;
  process.env['IDENTITY_HEADER'] = PLANTED.identityHeader;
  return {
    counts,
    refuse: (calls) => void (refusals = calls),
    async close() {
      restore('IDENTITY_ENDPOINT', before.endpoint);
      restore('IDENTITY_HEADER', before.header);
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function restore(name: string, value: string | undefined): void {
  if (value === undefined) delete process.env[name];
  else process.env[name] = value;
}
