import { type Wanted, type Written, writeEnvironment } from '../../../../../lib/environment/steps/apply.ts';
import { toCredentialRequest, toWantedCredentials } from '../../../../../lib/environment/steps/render.ts';
import type { EnvironmentRecord } from '../../../../../lib/environment/model/record.ts';
import type { InventoryEntry, KubeObject } from '../../../../../lib/environment/ports/cluster.ts';
import type { CredentialRequest, Reserved } from '../../../../../lib/environment/ports/credentials.ts';
import type { Reconciliation } from '../../../../../lib/environment/steps/reconciliation.ts';
import { IDENTITY } from '../../../../support/fakes/access.ts';
import { beginRun, ownNamespace } from '../../../../support/fakes/run.ts';
import { NAMESPACE, type World } from '../../../../support/fakes/world.ts';

export const NOW = '2026-11-23T10:00:00.000Z';
export const STEP = { state: 'done', at: NOW, ms: 0 };
export const CREDENTIAL = 'keyvault-workload-identity-ex-c4-e6';
export const CREATED = { object: `FederatedCredential/pool-1/${CREDENTIAL}`, action: 'created' } as const;
export const RESERVED: Reserved = { identity: IDENTITY, clientId: 'client', tenantId: 'tenant', warnings: [] };

const object = (apiVersion: string, kind: string, name: string, more: object = {}): KubeObject => ({
  apiVersion,
  kind,
  metadata: { name, namespace: NAMESPACE },
  ...more,
});
export const CONFIG = object('v1', 'ConfigMap', 'config');
export const WEB = object('apps/v1', 'Deployment', 'web');
export const JOB = object('batch/v1', 'Job', 'migrate', { spec: {} });
export const ROUTE = object('networking.k8s.io/v1', 'Ingress', 'web');
const SPACE: KubeObject = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } };
/** Not in the order of the waves. */
const ALL = [ROUTE, SPACE, JOB, WEB, CONFIG];

export const nameOf = ({ kind, metadata }: KubeObject): string => `${kind}/${NAMESPACE}/${metadata.name}`;
export const entryOf = ({ apiVersion, kind, metadata }: KubeObject): InventoryEntry => ({
  apiVersion,
  kind,
  name: metadata.name,
});

/** What a run wants of all objects, unless told otherwise. */
export function wantedBy({ record, ports }: Reconciliation, more: Partial<Wanted> = {}): Wanted {
  const { settings } = ports;
  const account: KubeObject = {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'postgres-service-account', annotations: { 'azure.workload.identity/client-id': 'client' } },
  };
  const accounts = toWantedCredentials([account], { record, settings });
  return { objects: ALL, access: toCredentialRequest({ record, settings }, accounts), reserved: RESERVED, ...more };
}

/** Writes into a namespace that is to be made, or into one that is there with nothing of it to change. */
export async function write(
  world: World,
  wanted: Partial<Wanted> = {},
  { isThere = false, record = {} }: { isThere?: boolean; record?: Partial<EnvironmentRecord> } = {},
): Promise<{ run: Reconciliation; written: Written }> {
  const run = await beginRun(world, { record });
  if (isThere) ownNamespace(world, run);
  return { run, written: await writeEnvironment(run, wantedBy(run, wanted)) };
}

/** What the credential port is asked to ensure from here on; each call fails with the fault, if one is given. */
export function watchEnsure(world: World, fault?: Error): [CredentialRequest, Reserved][] {
  const asked: [CredentialRequest, Reserved][] = [];
  const { ensure } = world.access;
  world.access.ensure = async (...given) => {
    asked.push([given[0], given[1]]);
    if (fault !== undefined) throw fault;
    return ensure(...given);
  };
  return asked;
}
