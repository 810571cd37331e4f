import { fault } from './credentials.ts';
import type { Answer } from './credentials.ts';
import type { ArmRoute } from './routes.ts';

export interface StandInCluster {
  /** ARM id. */
  id: string;
  issuer: string;
  /** Text of the kubeconfig that listClusterUserCredential hands out. */
  kubeconfig: string;
  fqdn?: string;
}

/** Answers for one AKS cluster: what it is, and its users' kubeconfig. */
export function answerCluster(cluster: StandInCluster | undefined, call: ArmRoute): Answer {
  if (cluster === undefined)
    return fault(404, 'ResourceNotFound', `The Resource '${call.cluster ?? ''}' was not found.`);
  if (call.operation === 'cluster') {
    const properties = {
      provisioningState: 'Succeeded',
      fqdn: cluster.fqdn,
      oidcIssuerProfile: { enabled: true, issuerURL: cluster.issuer },
    };
    const name = cluster.id.slice(cluster.id.lastIndexOf('/') + 1);
    const type = 'Microsoft.ContainerService/ManagedClusters';
    return { status: 200, body: { id: cluster.id, name, type, location: 'westeurope', properties } };
  }
  if (call.operation === 'cluster-credential') {
    const value = Buffer.from(cluster.kubeconfig).toString('base64');
    return { status: 200, body: { kubeconfigs: [{ name: 'clusterUser', value }] } };
  }
  return fault(405, 'MethodNotAllowed', 'That is not allowed here.');
}
