import type { KubeObject } from '../../../../lib/environment/ports/cluster.ts';

const text = { type: 'string' };
const flag = { type: 'boolean' };
const texts = { type: 'object', additionalProperties: text };
const list = (items: object) => ({ type: 'array', items });
const map = (properties: Record<string, object>, required: string[] = []) => ({
  type: 'object',
  properties,
  ...(required.length > 0 && { required }),
});
const selector = map({
  matchLabels: texts,
  matchExpressions: list(map({ key: text, operator: text, values: list(text) }, ['key', 'operator'])),
});
const endpoint = map({ port: text, path: text, interval: text, scheme: text, honorLabels: flag });

/** What the collector would do in a branch's name, which the policies refuse. */
const served = map({
  ...endpoint.properties,
  bearerTokenFile: text,
  tlsConfig: map({ caFile: text, certFile: text, keyFile: text }),
});

/**
 * The fields of the add-ons' kinds that manifests/ uses, closed, so that a strict dry run refuses a field that the real
 * definition does not have where we use it: secrets-store-csi-driver v1, prometheus-collector's PodMonitor and
 * ServiceMonitor (FACTS F7, F12), argo-cd v1alpha1.
 */
const SPECS: Record<string, { group: string; version: string; spec: object }> = {
  SecretProviderClass: {
    group: 'secrets-store.csi.x-k8s.io',
    version: 'v1',
    spec: map({
      provider: text,
      parameters: texts,
      secretObjects: list(
        map({
          secretName: text,
          type: text,
          labels: texts,
          annotations: texts,
          data: list(map({ objectName: text, key: text })),
        }),
      ),
    }),
  },
  PodMonitor: {
    group: 'azmonitoring.coreos.com',
    version: 'v1',
    spec: map(
      { selector, podMetricsEndpoints: list(endpoint), namespaceSelector: map({ any: flag, matchNames: list(text) }) },
      ['selector'],
    ),
  },
  ServiceMonitor: {
    group: 'azmonitoring.coreos.com',
    version: 'v1',
    spec: map({ selector, endpoints: list(served), namespaceSelector: map({ any: flag, matchNames: list(text) }) }, [
      'selector',
      'endpoints',
    ]),
  },
  Application: {
    group: 'argoproj.io',
    version: 'v1alpha1',
    spec: map(
      {
        project: text,
        source: map({ repoURL: text, targetRevision: text, path: text }, ['repoURL']),
        destination: map({ server: text, name: text, namespace: text }),
        syncPolicy: map({
          automated: map({ prune: flag, selfHeal: flag, allowEmpty: flag }),
          syncOptions: list(text),
        }),
      },
      ['destination', 'project'],
    ),
  },
};

export const DEFINITIONS: KubeObject[] = Object.entries(SPECS).map(([kind, { group, version, spec }]) => {
  const singular = kind.toLowerCase();
  const plural = singular.endsWith('s') ? `${singular}es` : `${singular}s`;
  const schema = map({ spec }, ['spec']);
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    // the API server wants a word about approval for groups of k8s.io
    metadata: { name: `${plural}.${group}`, annotations: { 'api-approved.kubernetes.io': 'unapproved, a test' } },
    spec: {
      group,
      scope: 'Namespaced',
      names: { kind, plural, singular, listKind: `${kind}List` },
      versions: [{ name: version, served: true, storage: true, schema: { openAPIV3Schema: schema } }],
    },
  };
});
