import type { ClusterAccess } from '../../../local/kubernetes/kubeconfig.ts';
import { startKubernetes } from '../../../local/kubernetes/start.ts';
import { PLANTED } from '../planted.ts';

/** An object as the API server gives it. */
export interface Listed {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    namespace?: string;
    uid?: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    deletionTimestamp?: string;
  };
}

/** The cluster of one life: its own stand-in, or its part of a real control plane. */
export interface LifeCluster {
  access: ClusterAccess;
  /** The namespace and all that somebody put into it. */
  list(namespace: string): Promise<Listed[]>;
  close(): Promise<void>;
}

/** A stand-in that serves one life alone. */
export async function startStandIn(): Promise<LifeCluster> {
  const kubernetes = await startKubernetes({ readyMs: 40, terminationMs: 40, tokens: PLANTED.tokens });
  return {
    access: kubernetes.access,
    list: async () => kubernetes.inspect().objects,
    close: () => kubernetes.stop(),
  };
}
