import { describe, expect, it } from '@jest/globals';
import { isClusterScoped } from '../../../lib/overlays/cluster-scoped.ts';

/** `group/kind` with a version of the group. */
const of = (name: string) => {
  const [group = '', kind = ''] = name.split('/');
  return { apiVersion: group === '' ? 'v1' : `${group}/v1`, kind };
};

describe('a kind that lies in no namespace', () => {
  it.each([
    '/Namespace',
    '/Node',
    '/PersistentVolume',
    '/ComponentStatus',
    'admissionregistration.k8s.io/MutatingAdmissionPolicy',
    'admissionregistration.k8s.io/MutatingAdmissionPolicyBinding',
    'admissionregistration.k8s.io/MutatingWebhookConfiguration',
    'admissionregistration.k8s.io/ValidatingAdmissionPolicy',
    'admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding',
    'admissionregistration.k8s.io/ValidatingWebhookConfiguration',
    'apiextensions.k8s.io/CustomResourceDefinition',
    'apiregistration.k8s.io/APIService',
    'authentication.k8s.io/SelfSubjectReview',
    'authentication.k8s.io/TokenReview',
    'authorization.k8s.io/SelfSubjectAccessReview',
    'authorization.k8s.io/SelfSubjectRulesReview',
    'authorization.k8s.io/SubjectAccessReview',
    'certificates.k8s.io/CertificateSigningRequest',
    'certificates.k8s.io/ClusterTrustBundle',
    'flowcontrol.apiserver.k8s.io/FlowSchema',
    'flowcontrol.apiserver.k8s.io/PriorityLevelConfiguration',
    'gateway.networking.k8s.io/GatewayClass',
    'networking.k8s.io/IPAddress',
    'networking.k8s.io/IngressClass',
    'networking.k8s.io/ServiceCIDR',
    'node.k8s.io/RuntimeClass',
    'policy/PodSecurityPolicy',
    'rbac.authorization.k8s.io/ClusterRole',
    'rbac.authorization.k8s.io/ClusterRoleBinding',
    'resource.k8s.io/DeviceClass',
    'resource.k8s.io/DeviceTaintRule',
    'resource.k8s.io/ResourceSlice',
    'scheduling.k8s.io/PriorityClass',
    'storage.k8s.io/CSIDriver',
    'storage.k8s.io/CSINode',
    'storage.k8s.io/StorageClass',
    'storage.k8s.io/VolumeAttachment',
    'storage.k8s.io/VolumeAttributesClass',
    'storagemigration.k8s.io/StorageVersionMigration',
  ])('is known without a cluster, in each version of its group: %s', (name) => {
    const { apiVersion, kind } = of(name);
    expect(isClusterScoped({ apiVersion, kind })).toBe(true);
    expect(isClusterScoped({ apiVersion: apiVersion.replace(/v1$/, 'v1beta1'), kind })).toBe(true);
    expect(isClusterScoped({ apiVersion: 'example.org/v1', kind })).toBe(false);
  });

  it.each(['/Pod', 'apps/Deployment', 'rbac.authorization.k8s.io/Role', 'networking.k8s.io/Ingress'])(
    'is none of %s',
    (name) => {
      expect(isClusterScoped(of(name))).toBe(false);
    },
  );
});
