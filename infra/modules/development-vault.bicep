// The existing development vault, the only one that branches can open.

import { builtInRoles } from '../roles.bicep'

param vaultName string
param poolPrincipalIds array

resource vault 'Microsoft.KeyVault/vaults@2024-11-01' existing = {
  name: vaultName
}

// Reason: the pods of a branch mount secrets of the development vault; all branches of an identity share this right.
resource opensVault 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for principalId in poolPrincipalIds: {
    scope: vault
    name: guid(vault.id, principalId, builtInRoles.keyVaultSecretsUser)
    properties: {
      principalId: principalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId(
        'Microsoft.Authorization/roleDefinitions',
        builtInRoles.keyVaultSecretsUser
      )
      description: 'The pods of feature branches mount secrets of the development vault.'
    }
  }
]
