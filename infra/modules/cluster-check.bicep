// Refuses a cluster that can't carry feature branches, with the command that changes it.

param issuerEnabled bool
param workloadIdentityEnabled bool
param entraIntegrated bool
param kubernetesVersion string

var version = split(kubernetesVersion, '.')
var recent = int(version[0]) > 1 || int(version[1]) >= 30

output verdict string = !issuerEnabled
  ? fail('The cluster has no OIDC issuer, which federated credentials need: az aks update --enable-oidc-issuer')
  : !workloadIdentityEnabled
      ? fail('The cluster has no workload identity, which the pods of branches need: az aks update --enable-workload-identity')
      : !entraIntegrated
          ? fail('The cluster has no managed Entra integration, by which the app signs in: az aks update --enable-aad')
          : !recent
              ? fail('The cluster runs Kubernetes ${kubernetesVersion}; the admission policies need 1.30 or newer: az aks upgrade')
              : 'ok'
