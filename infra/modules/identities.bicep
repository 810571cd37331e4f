// Three kinds of identity: the host's own, the app's two principals, and the pool that branches use.

param name string
param location string
param tags object

@description('How many workload identities the pool holds; each serves 20 service accounts of branches.')
@minValue(0)
@maxValue(50)
param poolSize int

resource host 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: '${name}-host'
  location: location
  tags: tags
}

resource provisioner 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: '${name}-provisioner'
  location: location
  tags: tags
}

resource deprovisioner 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: '${name}-deprovisioner'
  location: location
  tags: tags
}

resource pool 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = [
  for i in range(1, poolSize): {
    name: '${name}-workload-${i}'
    location: location
    tags: tags
  }
]

// Managed Identity Contributor could delete the identities themselves; this role reaches their credentials alone.
resource credentialWriter 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(resourceGroup().id, name, 'federated-credential-writer')
  properties: {
    roleName: '${name} federated credential writer ${uniqueString(resourceGroup().id)}'
    description: 'Reads user-assigned identities; reads, writes and deletes their federated credentials.'
    type: 'CustomRole'
    assignableScopes: [resourceGroup().id]
    permissions: [
      {
        actions: [
          'Microsoft.ManagedIdentity/userAssignedIdentities/read'
          'Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/read'
          'Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/write'
          'Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/delete'
        ]
        notActions: []
        dataActions: []
        notDataActions: []
      }
    ]
  }
}

// Reason: the provisioner writes a branch's federated credential on an identity of the pool, and nowhere else.
resource writesPool 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for i in range(0, poolSize): {
    scope: pool[i]
    name: guid(pool[i].id, provisioner.id, credentialWriter.id)
    properties: {
      principalId: provisioner.properties.principalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: credentialWriter.id
      description: 'The provisioner writes federated credentials of branches on this identity of the pool.'
    }
  }
]

output host object = {
  id: host.id
  clientId: host.properties.clientId
  principalId: host.properties.principalId
}
output provisioner object = {
  id: provisioner.id
  clientId: provisioner.properties.clientId
  principalId: provisioner.properties.principalId
}
output deprovisioner object = {
  id: deprovisioner.id
  clientId: deprovisioner.properties.clientId
  principalId: deprovisioner.properties.principalId
}
output poolIds array = [for i in range(0, poolSize): pool[i].id]
output poolPrincipalIds array = [for i in range(0, poolSize): pool[i].properties.principalId]
