// The function app on Flex Consumption, as the host's own identity; HTTPS alone, no publishing by password.

param name string
param location string
param tags object

@description('22 or 24.')
param nodeVersion string

@description('Ids of the identities that the app signs in as: id, clientId.')
param host object
param provisioner object
param deprovisioner object

param storageAccountName string
param deploymentContainerUrl string

@description('Settings by name; values of secrets are Key Vault references.')
param settings object

@description('Subnet of the app; empty reaches public addresses only.')
param subnetId string

@description('Instances that always run for the queue\'s function; 0 lets a message wait about half a minute for one.')
param alwaysReady int

param maximumInstanceCount int
param instanceMemoryMB int

@description('Client id of the Entra app registration that signs people in to the status page; empty: no sign-in.')
param entraClientId string

resource plan 'Microsoft.Web/serverfarms@2024-11-01' = {
  name: '${name}-plan'
  location: location
  tags: tags
  kind: 'functionapp'
  sku: { name: 'FC1', tier: 'FlexConsumption' }
  properties: { reserved: true }
}

resource app 'Microsoft.Web/sites@2024-11-01' = {
  name: name
  location: location
  tags: union(tags, { 'azd-service-name': 'app' })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${host.id}': {}
      '${provisioner.id}': {}
      '${deprovisioner.id}': {}
    }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    clientAffinityEnabled: false
    // which identity resolves the Key Vault references: there is no system-assigned one
    keyVaultReferenceIdentity: host.id
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    siteConfig: {
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
      ftpsState: 'Disabled'
      http20Enabled: true
      remoteDebuggingEnabled: false
    }
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: deploymentContainerUrl
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: host.id
          }
        }
      }
      runtime: { name: 'node', version: nodeVersion }
      scaleAndConcurrency: {
        maximumInstanceCount: maximumInstanceCount
        instanceMemoryMB: instanceMemoryMB
        alwaysReady: alwaysReady == 0 ? [] : [{ name: 'function:reconcile', instanceCount: alwaysReady }]
      }
    }
  }
}

resource appSettings 'Microsoft.Web/sites/config@2024-11-01' = {
  parent: app
  name: 'appsettings'
  properties: union(settings, {
    AzureWebJobsStorage__accountName: storageAccountName
    AzureWebJobsStorage__credential: 'managedidentity'
    AzureWebJobsStorage__clientId: host.clientId
    PROVISIONER_CLIENT_ID: provisioner.clientId
    DEPROVISIONER_CLIENT_ID: deprovisioner.clientId
  })
}

resource scmPublishing 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-11-01' = {
  parent: app
  name: 'scm'
  properties: { allow: false }
}

resource ftpPublishing 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-11-01' = {
  parent: app
  name: 'ftp'
  properties: { allow: false }
}

// Who may see what, the app decides: routes with function keys stay as they are, and the page's own demand a sign-in.
resource signIn 'Microsoft.Web/sites/config@2024-11-01' = if (!empty(entraClientId)) {
  parent: app
  name: 'authsettingsV2'
  properties: {
    platform: { enabled: true }
    globalValidation: {
      requireAuthentication: false
      unauthenticatedClientAction: 'AllowAnonymous'
      // these bear tokens and signatures of their own
      excludedPaths: ['/api/github/webhook', '/api/ci/environment', '/api/health']
    }
    httpSettings: { requireHttps: true }
    identityProviders: {
      azureActiveDirectory: {
        enabled: true
        registration: {
          clientId: entraClientId
          openIdIssuer: '${environment().authentication.loginEndpoint}${tenant().tenantId}/v2.0'
          // a federated credential of the host's identity on the registration, in place of a client secret
          clientSecretSettingName: 'OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID'
        }
        validation: { allowedAudiences: [entraClientId] }
      }
    }
    login: { tokenStore: { enabled: false } }
  }
  dependsOn: [appSettings]
}

output name string = app.name
output hostName string = app.properties.defaultHostName
