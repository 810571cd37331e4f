// The app's own Key Vault: webhook secret and GitHub credentials. Branches have no right here.

import { builtInRoles } from '../roles.bicep'

param name string
param location string
param tags object
param hostPrincipalId string

@description('Object id of whoever deploys: puts GitHub credentials into the vault and reads the webhook secret.')
param officerPrincipalId string

@secure()
@minLength(16)
param webhookSecret string

resource vault 'Microsoft.KeyVault/vaults@2024-11-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    tenantId: tenant().tenantId
    sku: { family: 'A', name: 'standard' }
    enableRbacAuthorization: true
    enableSoftDelete: true
    enablePurgeProtection: true
    softDeleteRetentionInDays: 90
  }
}

resource secret 'Microsoft.KeyVault/vaults/secrets@2024-11-01' = {
  parent: vault
  name: 'github-webhook-secret'
  properties: { value: webhookSecret, contentType: 'GITHUB_WEBHOOK_SECRET' }
}

// Reason: the host resolves the Key Vault references among the app settings.
resource readsSecrets 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: vault
  name: guid(vault.id, hostPrincipalId, builtInRoles.keyVaultSecretsUser)
  properties: {
    principalId: hostPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId(
      'Microsoft.Authorization/roleDefinitions',
      builtInRoles.keyVaultSecretsUser
    )
    description: 'The host resolves the Key Vault references of the app settings.'
  }
}

// Reason: whoever deploys reads the webhook secret to enter it at GitHub, and writes the GitHub credentials.
resource keepsSecrets 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: vault
  name: guid(vault.id, officerPrincipalId, builtInRoles.keyVaultSecretsOfficer)
  properties: {
    principalId: officerPrincipalId
    roleDefinitionId: subscriptionResourceId(
      'Microsoft.Authorization/roleDefinitions',
      builtInRoles.keyVaultSecretsOfficer
    )
    description: 'The deployer enters the webhook secret at GitHub and keeps the GitHub credentials here.'
  }
}

output name string = vault.name
output uri string = vault.properties.vaultUri
