// The whole installation beside an existing AKS cluster: `azd up`, or the two az lines of docs/install.md.
targetScope = 'subscription'

metadata name = 'feature-branch-provisioner'
metadata description = 'An Azure Functions app that gives every branch its own environment on an existing AKS cluster.'

@description('Name of the installation: part of every resource\'s name.')
@minLength(3)
@maxLength(24)
param name string

@description('Region of everything but the cluster.')
@metadata({ azd: { type: 'location' } })
param location string

@description('Resource group of the installation; made where it is absent.')
param resourceGroupName string = 'rg-${name}'

@description('ARM id of the existing AKS cluster: /subscriptions/…/managedClusters/….')
param clusterId string

@description('GITHUB_REPOSITORIES: owner/name, or owner/name=prefix, comma separated.')
param githubRepositories string

@description('Secret of the webhook, at least 16 bytes. azd makes one; it is kept in Key Vault alone.')
@secure()
@minLength(16)
@metadata({ azd: { type: 'generate', config: { length: 48, noSpecial: true } } })
param webhookSecret string

@description('How the app asks GitHub: `app` (GitHub App), `token`, or `none` (then only TRUST_DELIVERIES makes it work). The secret itself is put into the vault afterwards.')
@allowed(['app', 'token', 'none'])
param githubCredentials string = 'none'

@description('GITHUB_APP_ID, for githubCredentials `app`.')
param githubAppId string = ''

@description('GITHUB_APP_INSTALLATION_ID, for githubCredentials `app`.')
param githubAppInstallationId string = ''

@description('TRUST_DELIVERIES: believe signed deliveries without asking GitHub.')
param trustDeliveries bool = false

@description('ARM id of the development Key Vault, the only one that branches can open; empty: none.')
param developmentVaultId string = ''

@description('How many workload identities the pool holds: each serves 20 service accounts of branches.')
@minValue(0)
@maxValue(50)
param poolSize int = 1

@description('Node version of the app.')
@allowed(['24', '22'])
param nodeVersion string = '24'

@description('ARM id of a subnet that is delegated to Microsoft.App/environments, for a private cluster; empty: none.')
param subnetId string = ''

@description('Instances that always run for the queue\'s function. With 0 a message can wait half a minute for one.')
@minValue(0)
@maxValue(10)
param alwaysReady int = 1

@description('The most instances of the app.')
@minValue(1)
@maxValue(1000)
param maximumInstanceCount int = 40

@description('Memory of an instance in MB.')
@allowed([512, 2048, 4096])
param instanceMemoryMB int = 2048

@description('Days that the audit trail can only be appended to; 0: no immutability policy.')
@minValue(0)
@maxValue(146000)
param auditRetentionDays int = 0

@description('Days that logs are kept.')
@minValue(30)
@maxValue(730)
param logRetentionDays int = 30

@description('E-mail addresses that alerts go to.')
param alertEmails array = []

@description('OTEL_EXPORTER_OTLP_ENDPOINT: https address of an OpenTelemetry collector; empty: none.')
param otlpEndpoint string = ''

@description('Client id of the Entra app registration that signs people in to the status page; empty: function keys alone.')
param entraClientId string = ''

@description('Further app settings by name, such as INITIAL_IMAGE_TAG or OVERLAY_KEYVAULT_NAME (docs/settings.md).')
param extraSettings object = {}

param tags object = {}

var allTags = union(tags, { 'azd-env-name': name })
var suffix = uniqueString(subscription().id, resourceGroupName, name)
var cluster = split(clusterId, '/')
var developmentVault = split(developmentVaultId, '/')

resource group 'Microsoft.Resources/resourceGroups@2024-11-01' = {
  name: resourceGroupName
  location: location
  tags: allTags
}

module identities 'modules/identities.bicep' = {
  scope: group
  params: { name: name, location: location, tags: allTags, poolSize: poolSize }
}

module clusterAccess 'modules/cluster-access.bicep' = {
  scope: resourceGroup(cluster[2], cluster[4])
  params: {
    clusterName: cluster[8]
    provisionerPrincipalId: identities.outputs.provisioner.principalId
    deprovisionerPrincipalId: identities.outputs.deprovisioner.principalId
  }
}

module developmentVaultAccess 'modules/development-vault.bicep' = if (!empty(developmentVaultId)) {
  scope: resourceGroup(
    empty(developmentVaultId) ? subscription().subscriptionId : developmentVault[2],
    empty(developmentVaultId) ? resourceGroupName : developmentVault[4]
  )
  params: {
    vaultName: last(developmentVault)
    poolPrincipalIds: identities.outputs.poolPrincipalIds
  }
}

module storage 'modules/storage.bicep' = {
  scope: group
  params: {
    name: 'st${suffix}'
    location: location
    tags: allTags
    hostPrincipalId: identities.outputs.host.principalId
    auditRetentionDays: auditRetentionDays
  }
}

module vault 'modules/vault.bicep' = {
  scope: group
  params: {
    name: 'kv-${suffix}'
    location: location
    tags: allTags
    hostPrincipalId: identities.outputs.host.principalId
    officerPrincipalId: deployer().objectId
    webhookSecret: webhookSecret
  }
}

module monitoring 'modules/monitoring.bicep' = {
  scope: group
  params: {
    name: name
    location: location
    tags: allTags
    hostPrincipalId: identities.outputs.host.principalId
    retentionDays: logRetentionDays
  }
}

module alerts 'modules/alerts.bicep' = {
  scope: group
  params: {
    name: name
    location: location
    tags: allTags
    insightsId: monitoring.outputs.insightsId
    emails: alertEmails
  }
}

var githubSettings = githubCredentials == 'app'
  ? {
      GITHUB_APP_ID: githubAppId
      GITHUB_APP_INSTALLATION_ID: githubAppInstallationId
      GITHUB_APP_PRIVATE_KEY: '@Microsoft.KeyVault(SecretUri=${vault.outputs.uri}secrets/github-app-private-key)'
    }
  : githubCredentials == 'token'
      ? { GITHUB_TOKEN: '@Microsoft.KeyVault(SecretUri=${vault.outputs.uri}secrets/github-token)' }
      : {}
var vaultSettings = empty(developmentVaultId) ? {} : { OVERLAY_KEYVAULT_NAME: last(developmentVault) }
var telemetrySettings = empty(otlpEndpoint) ? {} : { OTEL_EXPORTER_OTLP_ENDPOINT: otlpEndpoint }
var signInSettings = empty(entraClientId)
  ? {}
  : { PAGE_SIGN_IN: 'entra', OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID: identities.outputs.host.clientId }

module app 'modules/app.bicep' = {
  scope: group
  params: {
    name: '${name}-${suffix}'
    location: location
    tags: allTags
    nodeVersion: nodeVersion
    host: identities.outputs.host
    provisioner: identities.outputs.provisioner
    deprovisioner: identities.outputs.deprovisioner
    storageAccountName: storage.outputs.name
    deploymentContainerUrl: storage.outputs.deploymentContainerUrl
    subnetId: subnetId
    alwaysReady: alwaysReady
    maximumInstanceCount: maximumInstanceCount
    instanceMemoryMB: instanceMemoryMB
    entraClientId: entraClientId
    settings: union(
      {
        APPLICATIONINSIGHTS_CONNECTION_STRING: monitoring.outputs.connectionString
        APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identities.outputs.host.clientId};Authorization=AAD'
        AKS_CLUSTER_ID: clusterId
        // without it garbage is most of what the app holds: docs/operate.md, Memory
        NODE_OPTIONS: '--max-semi-space-size=16 --max-old-space-size=256'
        GITHUB_REPOSITORIES: githubRepositories
        GITHUB_WEBHOOK_SECRET: '@Microsoft.KeyVault(SecretUri=${vault.outputs.uri}secrets/github-webhook-secret)'
        TRUST_DELIVERIES: trustDeliveries ? 'true' : 'false'
        WORKLOAD_IDENTITIES: join(identities.outputs.poolIds, ',')
      },
      githubSettings,
      vaultSettings,
      telemetrySettings,
      signInSettings,
      extraSettings
    )
  }
  // a cluster that can't carry branches stops the deployment before there is an app
  dependsOn: [clusterAccess]
}

output AZURE_RESOURCE_GROUP string = group.name
output FUNCTION_APP_NAME string = app.outputs.name
output KEY_VAULT_NAME string = vault.outputs.name

@description('Payload URL of the webhook at GitHub.')
output WEBHOOK_URL string = 'https://${app.outputs.hostName}/api/github/webhook'

@description('PROVISIONER in manifests/cluster/principals.env.')
output PROVISIONER_PRINCIPAL_ID string = identities.outputs.provisioner.principalId

@description('DEPROVISIONER in manifests/cluster/principals.env.')
output DEPROVISIONER_PRINCIPAL_ID string = identities.outputs.deprovisioner.principalId

output WORKLOAD_IDENTITY_IDS array = identities.outputs.poolIds
