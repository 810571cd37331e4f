import type { KubeObject } from '../../environment/ports/cluster.ts';
import type { Overlays } from '../../environment/ports/ports.ts';
import { stringifyExact } from '../../exact-json.ts';
import { groupOf } from '../cluster-scoped.ts';
import { checkBrought } from './branch-rules.ts';
import type { Compiled } from './compiled.ts';
import { type ContentLimits, type OverlaySettings, createOverlays, secretTokens } from '../render.ts';
import { isOwnNamespace, refusal } from '../validate.ts';

/** How validation names what a job brought along. */
const NAME = 'branch';

/**
 * The overlays of a branch's own manifests: the app's placeholders and settings, but none that the app puts into Secrets,
 * and only the kinds given, each as `Kind` or `group/Kind`. Secrets stay the app's: its own are applied beside the
 * branch's objects, and one that the branch brings along must be the same. Rendering throws `render` for anything else.
 */
export function createBranchOverlays(
  manifests: { objects: KubeObject[]; digest: string },
  app: { compiled: Compiled; environment: OverlaySettings; kinds: readonly string[]; limits?: ContentLimits },
): Overlays {
  const { compiled, environment, kinds, limits } = app;
  const secret = new Set(secretTokens(compiled));
  const open = <T>(values: Readonly<Record<string, T>>): Record<string, T> =>
    Object.fromEntries(Object.entries(values).filter(([token]) => !secret.has(token)));
  const defaults = Object.assign({}, ...compiled.overlays.map((one) => one.defaults)) as Record<string, string>;
  const theirs = createOverlays(
    {
      ...compiled,
      hash: manifests.digest,
      overlays: [{ name: NAME, objects: withoutSecrets(manifests.objects), defaults: open(defaults) }],
    },
    open(environment),
    limits,
  );
  const secrets = createOverlays(
    { ...compiled, overlays: compiled.overlays.map((one) => ({ ...one, objects: one.objects.filter(isSecret) })) },
    environment,
    limits,
  );
  const ours = new Set(compiled.overlays.flatMap(({ objects }) => objects.filter(isSecret).map(toText)));
  const namespaces = compiled.overlays.flatMap(({ objects }) => objects.filter(({ kind }) => kind === 'Namespace'));
  return {
    hash: manifests.digest,
    from: 'branch',
    render(values) {
      for (const object of manifests.objects) {
        if (isSecret(object) ? !ours.has(toText(object)) : !isAllowed(object, kinds, values.namespace))
          throw refusal({ overlay: NAME, object }, 'is of a kind that branches may not bring along', {
            fix: 'Leave it to the app’s overlays, or add its kind to BRANCH_MANIFESTS_KINDS.',
          });
        checkBrought({ overlay: NAME, object }, { namespaces });
      }
      return [...theirs.render(values), ...secrets.render(values)];
    },
  };
}

function isSecret({ apiVersion, kind }: KubeObject): boolean {
  return kind === 'Secret' && apiVersion === 'v1';
}

function withoutSecrets(objects: readonly KubeObject[]): KubeObject[] {
  return objects.filter((object) => !isSecret(object));
}

function toText(object: KubeObject): string {
  return stringifyExact(object, { sortKeys: true });
}

function isAllowed(object: KubeObject, kinds: readonly string[], namespace: string): boolean {
  const { apiVersion, kind, metadata } = object;
  const name = metadata.name === 'feature-BRANCH_NAME' ? namespace : metadata.name;
  if (isOwnNamespace({ ...object, metadata: { ...metadata, name } }, namespace)) return true;
  return kinds.includes(kind) || kinds.includes(`${groupOf(apiVersion)}/${kind}`);
}
