// Every built-in role that the templates assign, once. The ids are the same in every tenant.

@export()
@description('Ids of built-in roles.')
var builtInRoles = {
  aksClusterUser: '4abbcc35-e782-43d8-92c5-2d3f1bd2253f'
  keyVaultSecretsOfficer: 'b86a8fe4-44ce-4948-aee5-eccb2c155cd7'
  keyVaultSecretsUser: '4633458b-17de-408a-b874-0445c86b69e6'
  monitoringMetricsPublisher: '3913510d-42f4-4e42-8a64-420c390055eb'
  storageBlobDataOwner: 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b'
  storageQueueDataContributor: '974c5e8b-45b9-4653-ba55-5f855dd0fb88'
}
