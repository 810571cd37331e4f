import { NO_IDENTITY } from '../../environment/steps/render.ts';
import type { ChainFacts } from '../facts.ts';
import { WORKLOAD_KINDS, type Workload, toWorkload } from '../live-objects.ts';
import type { KubeObject } from '../../environment/ports/cluster.ts';

export interface SecretClass {
  name: string;
  parameters: Record<string, string>;
}

/** What the overlays want of the objects that the chain goes through. */
export interface Expected {
  accounts: KubeObject[];
  /** Those that run as such an account, or mount a class. */
  workloads: Workload[];
  classes: SecretClass[];
}

/** Undefined where the overlays could not be rendered. */
export function toExpected({ rendered, wanted }: ChainFacts): Expected | undefined {
  if (rendered.kind === 'unread') return undefined;
  const objects = rendered.value;
  const names = new Set(wanted.map(({ serviceAccount }) => serviceAccount));
  const workloads = objects.filter(({ kind }) => WORKLOAD_KINDS.includes(kind)).map(toWorkload);
  return {
    accounts: objects.filter(({ kind, metadata }) => kind === 'ServiceAccount' && names.has(metadata.name)),
    workloads: workloads.filter(({ serviceAccount, classes }) => names.has(serviceAccount) || classes.length > 0),
    classes: objects.filter(({ kind }) => kind === 'SecretProviderClass').map(toClass),
  };
}

export function toClass(object: KubeObject): SecretClass {
  const { parameters } = (object['spec'] ?? {}) as { parameters?: Record<string, string> };
  return { name: object.metadata.name, parameters: parameters ?? {} };
}

/** Undefined for the id that stands for none: which one it should be is not known then. */
export function knownId(id: string | undefined): string | undefined {
  return id === NO_IDENTITY ? undefined : id;
}
