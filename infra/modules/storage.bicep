// The app's own storage account: queues, records, audit trail and the deployed package. Entra sign-in alone opens it.

import { builtInRoles } from '../roles.bicep'

param name string
param location string
param tags object
param hostPrincipalId string

@description('Days that a line of the audit trail can be neither changed nor deleted; 0 sets no immutability policy.')
@minValue(0)
@maxValue(146000)
param auditRetentionDays int

resource account 'Microsoft.Storage/storageAccounts@2024-01-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: 'Standard_ZRS' }
  properties: {
    accessTier: 'Hot'
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2024-01-01' = {
  parent: account
  name: 'default'
  properties: {
    deleteRetentionPolicy: { enabled: true, days: 7 }
    containerDeleteRetentionPolicy: { enabled: true, days: 7 }
  }
}

// `environments` holds the records, `identities` the ledgers of the pool; the host keeps its own containers beside them.
var containers = ['environments', 'identities', 'deployments']

resource container 'Microsoft.Storage/storageAccounts/blobServices/containers@2024-01-01' = [
  for each in containers: {
    parent: blobs
    name: each
    properties: { publicAccess: 'None' }
  }
]

resource audit 'Microsoft.Storage/storageAccounts/blobServices/containers@2024-01-01' = {
  parent: blobs
  name: 'audit'
  properties: { publicAccess: 'None' }
}

// Appending stays allowed: a day's blob grows, and what stands in it stays.
resource auditPolicy 'Microsoft.Storage/storageAccounts/blobServices/containers/immutabilityPolicies@2024-01-01' = if (auditRetentionDays > 0) {
  parent: audit
  name: 'default'
  properties: {
    allowProtectedAppendWrites: true
    immutabilityPeriodSinceCreationInDays: auditRetentionDays
  }
}

resource queues 'Microsoft.Storage/storageAccounts/queueServices@2024-01-01' = {
  parent: account
  name: 'default'
}

// A missing queue makes the host log one warning per poll, so both exist before the first start.
resource queue 'Microsoft.Storage/storageAccounts/queueServices/queues@2024-01-01' = [
  for each in ['environment-requests', 'environment-requests-poison']: {
    parent: queues
    name: each
  }
]

// Reason: the host keeps its locks, keys and timers in blobs and reads the deployed package; the app keeps its records.
resource ownsBlobs 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: account
  name: guid(account.id, hostPrincipalId, builtInRoles.storageBlobDataOwner)
  properties: {
    principalId: hostPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId(
      'Microsoft.Authorization/roleDefinitions',
      builtInRoles.storageBlobDataOwner
    )
    description: 'The host keeps locks, keys, the package and the records of environments in blobs.'
  }
}

// Reason: the host takes requests off the queue, the app puts them on it, and failed ones move to the poison queue.
resource usesQueues 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: account
  name: guid(account.id, hostPrincipalId, builtInRoles.storageQueueDataContributor)
  properties: {
    principalId: hostPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId(
      'Microsoft.Authorization/roleDefinitions',
      builtInRoles.storageQueueDataContributor
    )
    description: 'The host and the app send and receive the requests of environments.'
  }
}

output name string = account.name
output deploymentContainerUrl string = '${account.properties.primaryEndpoints.blob}deployments'
