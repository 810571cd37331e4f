// The existing AKS cluster: what it must have, and the right of the app's two principals to reach it.

import { builtInRoles } from '../roles.bicep'

param clusterName string
param provisionerPrincipalId string
param deprovisionerPrincipalId string

resource cluster 'Microsoft.ContainerService/managedClusters@2025-05-01' existing = {
  name: clusterName
}

module check 'cluster-check.bicep' = {
  name: 'cluster-check'
  params: {
    issuerEnabled: cluster.properties.?oidcIssuerProfile.?enabled ?? false
    workloadIdentityEnabled: cluster.properties.?securityProfile.?workloadIdentity.?enabled ?? false
    entraIntegrated: cluster.properties.?aadProfile.?managed ?? false
    kubernetesVersion: cluster.properties.?currentKubernetesVersion ?? cluster.properties.kubernetesVersion
  }
}

// Reason: both principals read the cluster's address and certificate; what they may do inside, manifests/cluster says.
resource reachesCluster 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for principal in [
    { id: provisionerPrincipalId, who: 'provisioner' }
    { id: deprovisionerPrincipalId, who: 'deprovisioner' }
  ]: {
    scope: cluster
    name: guid(cluster.id, principal.id, builtInRoles.aksClusterUser)
    properties: {
      principalId: principal.id
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', builtInRoles.aksClusterUser)
      description: 'The ${principal.who} reads the address and the certificate of the cluster.'
    }
    dependsOn: [check]
  }
]

output verdict string = check.outputs.verdict
