import { groupOf } from '../cluster-scoped.ts';
import type { KubeObject } from '../../environment/ports/cluster.ts';

/** Groups whose kinds give rights, open ways in by fields of their own, or deploy elsewhere. */
const GROUPS = new Set([
  ...['rbac.authorization.k8s.io', 'networking.istio.io', 'extensions.istio.io', 'traefik.io', 'traefik.containo.us'],
  ...['projectcontour.io', 'route.openshift.io', 'getambassador.io', 'configuration.konghq.com', 'externaldns.k8s.io'],
  ...['acme.cert-manager.io', 'kustomize.toolkit.fluxcd.io', 'helm.toolkit.fluxcd.io'],
]);

/** Kinds of other groups: endpoints can name pods of other namespaces (CVE-2021-25740), and TCP routes have no host. */
const KINDS = new Set([
  ...['/Endpoints', 'discovery.k8s.io/EndpointSlice', '/Binding', 'cert-manager.io/CertificateRequest'],
  ...['gateway.networking.k8s.io/TCPRoute', 'gateway.networking.k8s.io/UDPRoute'],
  ...['argoproj.io/Application', 'argoproj.io/ApplicationSet', 'argoproj.io/AppProject'],
]);

export function isForeignKind({ apiVersion, kind }: KubeObject): boolean {
  const group = groupOf(apiVersion);
  return GROUPS.has(group) || KINDS.has(`${group}/${kind}`);
}

/** Annotations by which an Ingress writes its controller's configuration, or names hosts and Secrets elsewhere. */
const ANNOTATIONS = [
  /snippet|server-alias|host-alias|hostname|^external-dns[.].*\/target$|\/from-to-www-redirect$|^cert-manager[.]io\/(common-name|alt-names)$/,
  /^(nginx[.])?ingress[.]kubernetes[.]io\/(auth-secret|auth-tls-.*|proxy-ssl-secret|auth-proxy-set-headers|custom-headers|fastcgi-params-configmap|mirror-.*|config-.*)$/,
  // app routing would read any certificate of the vault, with its key, into the namespace
  /^kubernetes[.]azure[.]com\/tls-cert-/,
  /^haproxy-ingress[.]github[.]io\/(config-.*|auth-tls-secret|secure-.*)$|^alb[.]ingress[.]kubernetes[.]io\/(conditions|actions)[.]|^getambassador[.]io\/config$/,
];

export function isForeignAnnotation(key: string): boolean {
  return ANNOTATIONS.some((pattern) => pattern.test(key.toLowerCase()));
}
