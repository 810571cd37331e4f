import type { KubeObject } from '../../environment/ports/cluster.ts';
import { stringifyExact } from '../../exact-json.ts';
import { groupOf } from '../cluster-scoped.ts';
import { refusal } from '../validate.ts';

const IDENTITY = /^azure\.workload\.identity\/(client-id|tenant-id)$/;
const PLACEHOLDERS = ['WORKLOAD_IDENTITY_CLIENT_ID', 'AZURE_TENANT_ID'];

interface Brought {
  /** How validation names what a job brought along. */
  overlay: string;
  object: KubeObject;
}

/** Throws `render` for what a branch may not say about itself, whatever the kind. */
export function checkBrought(brought: Brought, app: { namespaces: readonly KubeObject[] }): void {
  checkIdentity(brought);
  checkProviderClass(brought);
  checkMetadata(brought);
  checkNamespace(brought, app.namespaces);
}

/** A branch must not name an identity: its account would get the rights of another. */
function checkIdentity({ overlay, object }: Brought): void {
  const named = Object.entries(object.metadata.annotations ?? {}).find(
    ([key, value]) => IDENTITY.test(key) && !PLACEHOLDERS.includes(value),
  );
  if (named === undefined) return;
  throw refusal({ overlay, object }, `names an identity of its own in ${named[0]}`, {
    fix: `Write the placeholder ${PLACEHOLDERS.join(' or ')}.`,
  });
}

/** The driver reads vaults from the node: by the node's own identity, a branch would read what the cluster may. */
function checkProviderClass({ overlay, object }: Brought): void {
  if (object.kind !== 'SecretProviderClass') return;
  const { spec } = object as { spec?: { parameters?: Record<string, unknown> } };
  const { clientID = '', userAssignedIdentityID = '', ...more } = spec?.parameters ?? {};
  const isOff = (value: unknown): boolean => value === undefined || value === false || value === 'false';
  const borrowed = ['useVMManagedIdentity', 'usePodIdentity'].find((key) => !isOff(more[key]));
  const isForeign = clientID !== '' && clientID !== PLACEHOLDERS[0];
  if (borrowed === undefined && userAssignedIdentityID === '' && !isForeign) return;
  throw refusal({ overlay, object }, `reads its vault by ${borrowed ?? 'an identity of its own'}`, {
    fix: `Write clientID: ${PLACEHOLDERS[0]}, and leave out the identities of nodes and pods.`,
  });
}

/** A finalizer that no controller knows would keep the namespace from ever going; an owner elsewhere would take it away. */
function checkMetadata({ overlay, object }: Brought): void {
  const found = ['finalizers', 'ownerReferences'].find((field) => object.metadata[field] !== undefined);
  if (found === undefined) return;
  throw refusal({ overlay, object }, `sets metadata.${found}`, { fix: 'Leave it to the controllers of the cluster.' });
}

/** Labels of a namespace can exempt it from policies, or let it into gateways: they stay the app's. */
function checkNamespace({ overlay, object }: Brought, namespaces: readonly KubeObject[]): void {
  if (object.kind !== 'Namespace' || groupOf(object.apiVersion) !== '') return;
  const said = toMarks(object);
  if (said === toMarks({ metadata: { name: '' } }) || namespaces.some((one) => toMarks(one) === said)) return;
  throw refusal({ overlay, object }, 'has other labels or annotations than the app’s overlays give it', {
    fix: 'Leave the Namespace out, or as the app’s overlays have it.',
  });
}

function toMarks({ metadata: { labels = {}, annotations = {} } }: Pick<KubeObject, 'metadata'>): string {
  return stringifyExact([labels, annotations], { sortKeys: true });
}
