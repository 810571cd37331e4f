import { ADD_ON_CASES } from '../../content-cases.ts';
import { pluralOf } from './paths.ts';
import type { KubeObject } from '../../../../lib/environment/ports/cluster.ts';

const TYPES = new Map(ADD_ON_CASES.map(([, { apiVersion, kind }]) => [`${apiVersion}/${kind}`, { apiVersion, kind }]));

/** The add-ons' kinds, open: what is tested is what policies make of them, not what an add-on's schema does. */
export const ADD_ON_DEFINITIONS: KubeObject[] = [...TYPES.values()]
  .map(({ apiVersion, kind }) => ({
    kind,
    group: apiVersion.split('/')[0] ?? '',
    version: apiVersion.split('/')[1] ?? '',
  }))
  .map(({ group, version, kind }) => ({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: `${pluralOf(kind)}.${group}`,
      annotations: { 'api-approved.kubernetes.io': 'unapproved, a test' },
    },
    spec: {
      group,
      scope: 'Namespaced',
      names: { kind, plural: pluralOf(kind), singular: kind.toLowerCase(), listKind: `${kind}List` },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
        },
      ],
    },
  }));
