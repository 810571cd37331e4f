import type { KubeObject } from '../environment/ports/cluster.ts';
import type { Overlays } from '../environment/ports/ports.ts';
import { groupOf } from './cluster-scoped.ts';
import type { Compiled } from './compiled.ts';
import { type OverlaySettings, createOverlays, secretTokens } from './render.ts';
import { refusal } from './validate.ts';

/** How validation names what a job brought along. */
const NAME = 'branch';
const IDENTITY = /^azure\.workload\.identity\/(client-id|tenant-id)$/;
const PLACEHOLDERS = ['WORKLOAD_IDENTITY_CLIENT_ID', 'AZURE_TENANT_ID'];

/**
 * The overlays of a branch's own manifests: the app's placeholders and settings, but none that the app puts into Secrets,
 * and only the kinds given, each as `Kind` or `group/Kind`. Rendering throws `render` for anything else.
 */
export function createBranchOverlays(
  manifests: { objects: KubeObject[]; digest: string },
  app: { compiled: Compiled; environment: OverlaySettings; kinds: readonly string[] },
): Overlays {
  const secret = new Set(secretTokens(app.compiled));
  const open = <T>(values: Readonly<Record<string, T>>): Record<string, T> =>
    Object.fromEntries(Object.entries(values).filter(([token]) => !secret.has(token)));
  const defaults = open(
    Object.assign({}, ...app.compiled.overlays.map((overlay) => overlay.defaults)) as Record<string, string>,
  );
  const compiled: Compiled = {
    v: 1,
    hash: manifests.digest,
    overlays: [{ name: NAME, objects: manifests.objects, defaults }],
  };
  const overlays = createOverlays(compiled, open(app.environment));
  return {
    ...overlays,
    from: 'branch',
    render(values) {
      for (const object of manifests.objects) {
        checkKind(object, app.kinds);
        checkIdentity(object);
      }
      return overlays.render(values);
    },
  };
}

function checkKind(object: KubeObject, kinds: readonly string[]): void {
  const { kind } = object;
  if (kinds.includes(kind) || kinds.includes(`${groupOf(object.apiVersion)}/${kind}`)) return;
  throw refusal({ overlay: NAME, object }, 'is of a kind that branches may not bring along', {
    fix: 'Leave it to the app’s overlays, or add its kind to BRANCH_MANIFESTS_KINDS.',
  });
}

/** A branch must not name an identity: its account would get the rights of another. */
function checkIdentity(object: KubeObject): void {
  const named = Object.entries(object.metadata.annotations ?? {}).find(
    ([key, value]) => IDENTITY.test(key) && !PLACEHOLDERS.includes(value),
  );
  if (named === undefined) return;
  throw refusal({ overlay: NAME, object }, `names an identity of its own in ${named[0]}`, {
    fix: `Write the placeholder ${PLACEHOLDERS.join(' or ')}.`,
  });
}
