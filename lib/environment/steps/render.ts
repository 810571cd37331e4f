import { hash } from 'node:crypto';
import { stringifyExact } from '../../exact-json.ts';
import { ownerLabels } from '../model/labels.ts';
import { AUDIENCE, toCredentialName, toDatabase, toSubject } from '../model/names.ts';
import type { Overlays, Ports } from '../ports/ports.ts';
import type { EnvironmentRecord } from '../model/record.ts';
import type { Refusal } from '../model/guards.ts';
import type { KubeObject } from '../ports/cluster.ts';
import { toProvisionerError } from '../../errors.ts';
import type { EnvironmentSettings } from '../model/settings.ts';
import type { CredentialRequest, Reserved, WantedCredential } from '../ports/credentials.ts';

const CLIENT_ID = 'azure.workload.identity/client-id';
/** The client and tenant id before an identity is selected, and for good if the pool is empty. */
export const NO_IDENTITY = '00000000-0000-0000-0000-000000000000';

type Named = Pick<EnvironmentRecord, 'name' | 'namespace' | 'imageTag'>;

/** Renders the environment's objects, with its identity if it has one yet. */
export function renderEnvironment(
  overlays: Overlays,
  options: { record: Named; settings: EnvironmentSettings; reserved?: Reserved },
): KubeObject[] {
  const { record, settings, reserved } = options;
  return overlays.render({
    slug: record.name,
    database: toDatabase(record.name),
    namespace: record.namespace,
    imageTag: toImageTag(record, settings),
    clientId: reserved?.clientId ?? NO_IDENTITY,
    tenantId: reserved?.tenantId ?? NO_IDENTITY,
    labels: ownerLabels(record.name),
  });
}

export function toImageTag(record: Named, settings: EnvironmentSettings): string {
  return record.imageTag ?? settings.initialImageTag.replaceAll('{slug}', record.name);
}

/** One credential for each rendered service account that asks for an identity. */
export function toWantedCredentials(
  objects: readonly KubeObject[],
  options: { record: Named; settings: EnvironmentSettings },
): WantedCredential[] {
  const { record, settings } = options;
  return objects.flatMap(({ kind, metadata }) => {
    const clientId = metadata.annotations?.[CLIENT_ID];
    if (kind !== 'ServiceAccount' || clientId === undefined) return [];
    const serviceAccount = metadata.name;
    return [
      {
        serviceAccount,
        name: toCredentialName({ slug: record.name, serviceAccount, template: settings.credentialName }),
        subject: toSubject({ namespace: record.namespace, serviceAccount }),
        audience: AUDIENCE,
        ...(clientId !== NO_IDENTITY && { clientId }),
      },
    ];
  });
}

/** The URL of the first Ingress or HTTPRoute host; https if the Ingress has TLS for it, or the route names a listener so. */
export function toUrl(objects: readonly KubeObject[]): string | undefined {
  for (const { kind, spec } of objects as readonly (KubeObject & { spec?: RouteSpec })[]) {
    if (kind === 'Ingress') {
      const host = spec?.rules?.map((rule) => rule.host).find(isOneHost);
      const secure = spec?.tls?.some(({ hosts }) => host !== undefined && hosts?.some((name) => covers(name, host)));
      if (host !== undefined) return `${secure === true ? 'https' : 'http'}://${host}`;
    }
    const host = kind === 'HTTPRoute' ? spec?.hostnames?.find(isOneHost) : undefined;
    if (host !== undefined) return `${spec?.parentRefs?.some(isSecure) === true ? 'https' : 'http'}://${host}`;
  }
  return undefined;
}

/** Which protocol a listener speaks is stated in the Gateway, which is not the branch's; the route only names a listener. */
function isSecure({ port, sectionName = '' }: ParentRef): boolean {
  return port === 443 || /^https\b/.test(sectionName);
}

/** A browser can't open a wildcard host. */
function isOneHost(host: string | undefined): host is string {
  return host !== undefined && host !== '' && !host.includes('*');
}

function covers(name: string, host: string): boolean {
  return name === host || (name.startsWith('*.') && host.slice(host.indexOf('.')) === name.slice(1));
}

interface RouteSpec {
  rules?: { host?: string }[];
  tls?: { hosts?: string[] }[];
  hostnames?: string[];
  parentRefs?: ParentRef[];
}

interface ParentRef {
  port?: number;
  sectionName?: string;
}

/** Digest of the objects and their identity, 32 hex digits: tells whether the same was applied before. */
export function toFingerprint(
  objects: readonly KubeObject[],
  record: Pick<EnvironmentRecord, 'identity' | 'repository'>,
): string {
  const text = stringifyExact([record.identity ?? '', record.repository.id ?? '', objects]);
  return hash('sha256', text).slice(0, 32);
}

/** The credential request of an environment; a removal wants none, and only the names count. */
export function toCredentialRequest(
  of: { record: EnvironmentRecord; settings: Pick<EnvironmentSettings, 'credentialName'> },
  wanted: WantedCredential[] = [],
): CredentialRequest {
  const { record, settings } = of;
  return {
    slug: record.name,
    namespace: record.namespace,
    wanted,
    ...(record.identity !== undefined && { identity: record.identity }),
    ...(record.formerIdentities !== undefined && { former: record.formerIdentities }),
    ...(record.credentials !== undefined && { written: record.credentials }),
    nameOf: (serviceAccount) =>
      toCredentialName({ slug: record.name, serviceAccount, template: settings.credentialName }),
  };
}

/** Renders before an identity is selected; a validation failure becomes a refusal. */
export function renderDraft({
  ports,
  record,
}: {
  ports: Pick<Ports, 'overlays' | 'settings'>;
  record: EnvironmentRecord;
}): { kind: 'rendered'; objects: KubeObject[] } | { kind: 'refused'; refusal: Refusal } {
  const { overlays, settings } = ports;
  try {
    return { kind: 'rendered', objects: renderEnvironment(overlays, { record, settings }) };
  } catch (thrown) {
    const error = toProvisionerError(thrown);
    if (error.code !== 'render') throw error;
    const { message, fix } = error;
    const reason = message.includes(fix) ? message : `${message}; ${fix}`;
    return { kind: 'refused', refusal: { guard: 'render', reason } };
  }
}

/** Refuses kinds that the cluster says belong to no namespace, before there is one: only its discovery knows custom kinds. */
export async function guardScopes(
  cluster: Pick<Ports['cluster'], 'scopes'>,
  objects: readonly KubeObject[],
): Promise<Refusal | undefined> {
  const inside = objects.filter(({ kind }) => kind !== 'Namespace');
  const scopes = await cluster.scopes(inside);
  const found = inside.find((object) => scopes.get(object) === 'cluster');
  if (found === undefined) return undefined;
  return {
    guard: 'render',
    reason: `${found.kind}/${found.metadata.name} belongs to no namespace, and outlives the branch; an administrator applies it once: take it out of the overlay`,
  };
}
