import type { Compiled } from '../../../lib/overlays/template/compiled.ts';

/** One object for each thing that the app treats in a way of its own: a long list of the same would only take time. */
export const SMALL_OVERLAYS: Compiled = {
  v: 1,
  hash: 'small-1',
  overlays: [
    {
      name: 'small',
      defaults: {},
      objects: [
        {
          apiVersion: 'v1',
          kind: 'ServiceAccount',
          metadata: {
            name: 'postgres-service-account',
            annotations: { 'azure.workload.identity/client-id': 'WORKLOAD_IDENTITY_CLIENT_ID' },
          },
        },
        { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'config' }, data: { DB: 'BRANCH_NAME_DB' } },
        {
          apiVersion: 'v1',
          kind: 'Secret',
          // the one name that manifests/cluster grants
          metadata: { name: 'feature-broadcaster-secret' },
          stringData: { password: 'OVERLAY_PASSWORD' },
        },
        {
          apiVersion: 'apps/v1',
          kind: 'Deployment',
          metadata: { name: 'web' },
          spec: {
            replicas: 1,
            selector: { matchLabels: { app: 'web' } },
            template: {
              metadata: { labels: { app: 'web' } },
              spec: { containers: [{ name: 'web', image: 'registry.example/web:IMAGE_TAG' }] },
            },
          },
        },
        {
          apiVersion: 'v1',
          kind: 'Service',
          metadata: { name: 'web' },
          spec: { selector: { app: 'web' }, ports: [{ port: 80 }] },
        },
        {
          apiVersion: 'networking.k8s.io/v1',
          kind: 'Ingress',
          metadata: { name: 'web' },
          spec: {
            rules: [
              {
                host: 'BRANCH_NAME.127.0.0.1.nip.io',
                http: {
                  paths: [
                    { path: '/', pathType: 'Prefix', backend: { service: { name: 'web', port: { number: 80 } } } },
                  ],
                },
              },
            ],
          },
        },
      ],
    },
  ],
};
