import { describe, expect, it } from '@jest/globals';
import { toWritten } from './written.ts';

describe('an object as it was written', () => {
  it('keeps what somebody wrote, and nothing that the API server gives, counts or dates', () => {
    const metadata = { name: 'web', namespace: 'feature-x', uid: '1', labels: { app: 'web' } };
    const given = { resourceVersion: '7', generation: 2, creationTimestamp: 'now', managedFields: [] };
    const service = {
      ...{ apiVersion: 'v1', kind: 'Service', status: { loadBalancer: {} } },
      metadata: { ...metadata, ...given, annotations: { 'deployment.kubernetes.io/revision': '3' } },
      spec: { clusterIP: '10.0.0.7', clusterIPs: ['10.0.0.7'], ports: [{ port: 80 }] },
    };

    expect(toWritten(service)).toEqual({
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: { ports: [{ port: 80 }] },
    });
  });

  it('keeps annotations of others, and that it is about to go', () => {
    const metadata = { name: 'x', annotations: { note: 'theirs' }, deletionTimestamp: 'now' };

    expect(toWritten({ apiVersion: 'v1', kind: 'ConfigMap', metadata })).toEqual({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata,
    });
  });
});
