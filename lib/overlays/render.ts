import type { PodSecurity } from '../environment/model/labels.ts';
import type { Overlays, RenderValues } from '../environment/ports/ports.ts';
import { keepSecret } from '../secrets.ts';
import { encodedFieldOf, replaceEncoded } from './base64.ts';
import type { Compiled, CompiledOverlay } from './template/compiled.ts';
import type { Bounds } from './content/content-rule.ts';
import {
  type Rendered,
  checkContent,
  checkDuplicates,
  checkImageTag,
  checkUnique,
  isOwnNamespace,
  refusal,
  toNamespaced,
} from './validate.ts';
import { type ValueOf, findTokens, mapStrings, replaceTokens, visitStrings } from './tokens.ts';
import type { KubeObject } from '../environment/ports/cluster.ts';

/** The app's settings; only those that begin with OVERLAY_ are read. */
export type OverlaySettings = Readonly<Record<string, string | undefined>>;

/** POD_SECURITY and ALLOWED_HOSTS; hosts are compared where they are stated. */
export interface ContentLimits {
  podSecurity?: PodSecurity;
  allowedHosts?: readonly string[];
}

/** Renders the compiled overlays for any branch: pure, without YAML and files. */
export function createOverlays(compiled: Compiled, env: OverlaySettings, limits: ContentLimits = {}): Overlays {
  const bounds = toBounds(compiled, { env, limits });
  for (const token of secretTokens(compiled)) keepSecret(env[token]);
  return {
    hash: compiled.hash,
    from: 'app',
    warnings: compiled.warnings ?? [],
    render(values) {
      checkImageTag(values.imageTag);
      const rendered = compiled.overlays.flatMap((overlay) => renderOverlay(overlay, { values, env }));
      const isOwn = ({ object }: Rendered) => isOwnNamespace(object, values.namespace);
      const objects = rendered.filter((one) => !isOwn(one));
      checkUnique(objects);
      for (const one of objects) checkDuplicates(one);
      checkContent(rendered, { ...bounds, slug: values.slug, namespace: values.namespace });
      const namespaces = rendered.filter(isOwn).map(({ object }) => object);
      return [...mergeNamespaces(namespaces, values), ...objects.map(({ object }) => object)];
    },
  };
}

/** The settings that overlays put into Secrets, in text or within base64, as rendering reads it. */
export function secretTokens({ overlays }: Compiled): string[] {
  const secrets = overlays.flatMap(({ objects }) => objects.filter(({ kind }) => kind === 'Secret'));
  const found = new Set<string>();
  const note = (text: string): string => {
    for (const token of findTokens(text)) found.add(token);
    return text;
  };
  for (const secret of secrets) {
    // string by string, as rendering replaces them: in a text around them, what stands before a token is another character
    visitStrings(secret, (text, [field]) => {
      note(text);
      if (field === encodedFieldOf(secret)) replaceEncoded(text, note);
    });
  }
  return [...found].filter((token) => token.startsWith('OVERLAY_'));
}

/** What the cluster's policies admit, as far as the app knows: its settings, and the settings.env that it was built with. */
function toBounds(
  compiled: Compiled,
  { env, limits }: { env: OverlaySettings; limits: ContentLimits },
): Omit<Bounds, 'slug' | 'namespace'> {
  const stated = compiled.overlays.map(({ defaults }) => defaults['OVERLAY_DOMAIN']);
  return {
    podSecurity: limits.podSecurity ?? 'baseline',
    serviceTypes: compiled.policies?.serviceTypes ?? ['ClusterIP'],
    externalNames: compiled.policies?.externalNames ?? [],
    domain: env['OVERLAY_DOMAIN']?.trim() || (stated.find((domain) => domain !== undefined) ?? ''),
    ...(limits.allowedHosts !== undefined && { hosts: limits.allowedHosts }),
  };
}

function renderOverlay(
  overlay: CompiledOverlay,
  { values, env }: { values: RenderValues; env: OverlaySettings },
): Rendered[] {
  const valueOf = toValueOf(values, { defaults: overlay.defaults, env });
  return overlay.objects
    .map((template) => replaceInObject({ overlay: overlay.name, object: template }, valueOf))
    .map((object) => ({
      overlay: overlay.name,
      object: isOwnNamespace(object, values.namespace)
        ? object
        : toNamespaced({ overlay: overlay.name, object }, values),
    }));
}

/** One Namespace with the labels and annotations of all overlays, such as a pod security level; none if none holds it. */
function mergeNamespaces(namespaces: readonly KubeObject[], { namespace, labels }: RenderValues): KubeObject[] {
  if (namespaces.length === 0) return [];
  const merge = (of: 'labels' | 'annotations') =>
    Object.assign({}, ...namespaces.map(({ metadata }) => metadata[of])) as Record<string, string>;
  return [
    {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: namespace, labels: { ...merge('labels'), ...labels }, annotations: merge('annotations') },
    },
  ];
}

/** A blank setting counts as absent: portals and sample files leave settings blank. */
function toValueOf(
  values: RenderValues,
  { defaults, env }: { defaults: Record<string, string>; env: OverlaySettings },
): ValueOf {
  const own = new Map([
    ['BRANCH_NAME_DB', values.database],
    ['BRANCH_NAME', values.slug],
    ['IMAGE_TAG', values.imageTag],
    ['WORKLOAD_IDENTITY_CLIENT_ID', values.clientId],
    ['AZURE_TENANT_ID', values.tenantId],
  ]);
  const fallback = new Map(Object.entries(defaults));
  return (token) => own.get(token) ?? (env[token]?.trim() || fallback.get(token));
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
    // base64 has no underscore: a placeholder here was meant for stringData
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

const VAULT = 'OVERLAY_KEYVAULT_NAME';

function fixOf(left: string[], encodedField: string | undefined): string {
  if (left.includes(VAULT)) {
    return `Set ${VAULT} as an app setting, to a vault that is the branches' own. It has no default, so that no branch gets production's vault by omission.`;
  }
  if (left.every((token) => token.startsWith('OVERLAY_'))) {
    return 'Set it as an app setting, or write it to the defaults.env beside the kustomization.';
  }
  const base64 = encodedField === 'data' ? ' In a Secret, write text with placeholders under stringData.' : '';
  return `A value that replaces a placeholder must not hold one itself.${base64}`;
}
