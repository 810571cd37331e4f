import { describe, expect, it } from '@jest/globals';
import { NO_IDENTITY, toWantedCredentials } from '../../../lib/environment/steps/render.ts';
import { createWorld } from '../../support/fakes/world.ts';
import type { KubeObject } from '../../../lib/environment/ports/cluster.ts';

const record = { name: 'ex-1', namespace: 'feature-ex-1' };
const { settings } = createWorld();

function account(name: string, annotations?: Record<string, string>, kind = 'ServiceAccount'): KubeObject {
  return { apiVersion: 'v1', kind, metadata: { name, ...(annotations && { annotations }) } };
}

const asking = (clientId: string) => ({ 'azure.workload.identity/client-id': clientId });

describe('toWantedCredentials', () => {
  it('wants one for each service account that asks for an identity, and for nothing else', () => {
    const objects = [
      account('postgres-service-account', asking(NO_IDENTITY)),
      account('plain'),
      account('other', { 'azure.workload.identity/tenant-id': 'x' }),
      account('web', asking(NO_IDENTITY), 'Deployment'),
      account('reader', asking('11111111-1111-4111-8111-111111111111')),
    ];

    expect(toWantedCredentials(objects, { record, settings })).toEqual([
      {
        serviceAccount: 'postgres-service-account',
        name: 'keyvault-workload-identity-ex-1',
        subject: 'system:serviceaccount:feature-ex-1:postgres-service-account',
        audience: 'api://AzureADTokenExchange',
      },
      {
        serviceAccount: 'reader',
        name: expect.stringMatching(/^keyvault-workload-identity-ex-1-[0-9a-f]{6}$/),
        subject: 'system:serviceaccount:feature-ex-1:reader',
        audience: 'api://AzureADTokenExchange',
        clientId: '11111111-1111-4111-8111-111111111111',
      },
    ]);
  });
});
