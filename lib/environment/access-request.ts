import { toCredentialName } from './model/names.ts';
import type { AccessRequest, EnvironmentSettings, WantedCredential } from './ports/ports.ts';
import type { EnvironmentRecord } from './model/record.ts';

/** What the identity side is asked for an environment; for removals nothing is wanted, and the names alone count. */
export function toAccessRequest(
  of: { record: EnvironmentRecord; settings: Pick<EnvironmentSettings, 'credentialName'> },
  wanted: WantedCredential[] = [],
): AccessRequest {
  const { record, settings } = of;
  return {
    slug: record.name,
    namespace: record.namespace,
    wanted,
    ...(record.identity !== undefined && { identity: record.identity }),
    ...(record.credentials !== undefined && { written: record.credentials }),
    nameOf: (serviceAccount) =>
      toCredentialName({ slug: record.name, serviceAccount, template: settings.credentialName }),
  };
}
