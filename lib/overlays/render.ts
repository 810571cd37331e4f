import type { Overlays, RenderValues } from '../environment/ports/ports.ts';
import { stringifyExact } from '../exact-json.ts';
import { keepSecret } from '../secrets.ts';
import { encodedFieldOf, replaceEncoded } from './base64.ts';
import type { Compiled, CompiledOverlay } from './compiled.ts';
import { type Rendered, checkImageTag, checkUnique, isOwnNamespace, refusal, toNamespaced } from './validate.ts';
import { type ValueOf, findTokens, mapStrings, replaceTokens } from './tokens.ts';
import type { KubeObject } from '../environment/ports/cluster.ts';

/** The app's settings; of them OVERLAY_ ones alone are looked at. */
export type OverlaySettings = Readonly<Record<string, string | undefined>>;

/** The compiled overlays, ready to be rendered for any branch: pure, without YAML, files or settings of its own. */
export function createOverlays(compiled: Compiled, environment: OverlaySettings): Overlays {
  for (const token of secretTokens(compiled)) keepSecret(environment[token]);
  return {
    hash: compiled.hash,
    from: 'app',
    render(values) {
      checkImageTag(values.imageTag);
      const rendered = compiled.overlays.flatMap((overlay) => renderOverlay(overlay, { values, environment }));
      const isOwn = ({ object }: Rendered) => isOwnNamespace(object, values.namespace);
      const objects = rendered.filter((one) => !isOwn(one));
      checkUnique(objects);
      const namespaces = rendered.filter(isOwn).map(({ object }) => object);
      return [...mergeNamespaces(namespaces, values), ...objects.map(({ object }) => object)];
    },
  };
}

/** The settings that overlays put into Secrets. */
export function secretTokens({ overlays }: Compiled): string[] {
  const secrets = overlays.flatMap(({ objects }) => objects.filter(({ kind }) => kind === 'Secret'));
  return findTokens(stringifyExact(secrets)).filter((token) => token.startsWith('OVERLAY_'));
}

function renderOverlay(
  overlay: CompiledOverlay,
  { values, environment }: { values: RenderValues; environment: OverlaySettings },
): Rendered[] {
  const valueOf = toValueOf(values, { defaults: overlay.defaults, environment });
  return overlay.objects
    .map((template) => replaceInObject({ overlay: overlay.name, object: template }, valueOf))
    .map((object) => ({
      overlay: overlay.name,
      object: isOwnNamespace(object, values.namespace)
        ? object
        : toNamespaced({ overlay: overlay.name, object }, values),
    }));
}

/** One Namespace with what all overlays mark it with, such as a pod security level; none where none holds it. */
function mergeNamespaces(namespaces: readonly KubeObject[], { namespace, labels }: RenderValues): KubeObject[] {
  if (namespaces.length === 0) return [];
  const marks = (of: 'labels' | 'annotations') =>
    Object.assign({}, ...namespaces.map(({ metadata }) => metadata[of])) as Record<string, string>;
  return [
    {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: namespace, labels: { ...marks('labels'), ...labels }, annotations: marks('annotations') },
    },
  ];
}

/** A blank setting counts as none: portals and sample files leave them so. */
function toValueOf(
  values: RenderValues,
  { defaults, environment }: { defaults: Record<string, string>; environment: OverlaySettings },
): ValueOf {
  const own = new Map([
    ['BRANCH_NAME_DB', values.database],
    ['BRANCH_NAME', values.slug],
    ['IMAGE_TAG', values.imageTag],
    ['WORKLOAD_IDENTITY_CLIENT_ID', values.clientId],
    ['AZURE_TENANT_ID', values.tenantId],
  ]);
  const fallback = new Map(Object.entries(defaults));
  return (token) => own.get(token) ?? (environment[token]?.trim() || fallback.get(token));
}

function replaceInObject({ overlay, object }: Rendered, valueOf: ValueOf): KubeObject {
  const left = new Set<string>();
  const replace = (text: string) => {
    const replaced = replaceTokens(text, valueOf);
    for (const token of findTokens(replaced)) left.add(token);
    return replaced;
  };
  const encodedField = encodedFieldOf(object);
  const result = mapStrings(object, (text, path) => {
    if (encodedField === undefined || path[0] !== encodedField) return replace(text);
    // base64 holds no underscore: whoever wrote a placeholder there meant stringData
    for (const token of findTokens(text)) left.add(token);
    return replaceEncoded(text, replace);
  });
  if (left.size > 0) {
    throw refusal({ overlay, object: result }, `holds ${[...left].sort().join(', ')}, which nothing replaces`, {
      fix: fixOf([...left], encodedField),
    });
  }
  return result;
}

function fixOf(left: string[], encodedField: string | undefined): string {
  if (left.every((token) => token.startsWith('OVERLAY_'))) {
    return 'Set it as an app setting, or write it to the defaults.env beside the kustomization.';
  }
  const base64 = encodedField === 'data' ? ' In a Secret, write text with placeholders under stringData.' : '';
  return `A value that replaces a placeholder must not hold one itself.${base64}`;
}
