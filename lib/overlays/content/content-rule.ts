import type { KubeObject } from '../../environment/ports/cluster.ts';

/** What the content rules compare an object with; the same values as in manifests/cluster/settings.env. */
export interface Bounds {
  slug: string;
  namespace: string;
  podSecurity: 'privileged' | 'baseline' | 'restricted';
  /** Types of Services beside ExternalName. */
  serviceTypes: readonly string[];
  /** Patterns of what a Service of type ExternalName may stand for. */
  externalNames: readonly string[];
  /** Patterns of hosts; absent where hosts are not compared. */
  hosts?: readonly string[] | undefined;
  domain: string;
}

/** One rule: what is wrong with an object, in the policy's own words. */
export interface ContentRule {
  message: string;
  refuses(object: KubeObject, bounds: Bounds): boolean;
}
