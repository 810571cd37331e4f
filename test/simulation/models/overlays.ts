import type { Overlays } from '../../../lib/environment/ports/ports.ts';
import type { KubeObject } from '../../../lib/environment/ports/cluster.ts';

export interface Template {
  version: number;
}

/** What the overlays render to at this version: one object for each wave. */
export function overlaysOf(template: Template): Overlays {
  return {
    from: 'app',
    get hash() {
      return `template-${template.version}`;
    },
    render({ slug, namespace, imageTag, clientId, labels }) {
      const metadata = (name: string, annotations?: Record<string, string>): KubeObject['metadata'] => ({
        name,
        namespace,
        labels,
        ...(annotations && { annotations }),
      });
      return [
        {
          apiVersion: 'v1',
          kind: 'ServiceAccount',
          metadata: metadata('postgres-service-account', { 'azure.workload.identity/client-id': clientId }),
        },
        { apiVersion: 'apps/v1', kind: 'Deployment', metadata: metadata('web'), spec: { image: `web:${imageTag}` } },
        {
          apiVersion: 'networking.k8s.io/v1',
          kind: 'Ingress',
          metadata: metadata('web'),
          spec: { rules: [{ host: `${slug}.v${template.version}.example.test` }] },
        },
      ];
    },
  };
}
