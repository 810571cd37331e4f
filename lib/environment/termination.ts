import type { LiveNamespace } from './ports/cluster.ts';

/** By what must be mended first: an API that can't be asked keeps everything else from being known. */
const MENDS: readonly (readonly [type: string, mend: string])[] = [
  [
    'NamespaceDeletionDiscoveryFailure',
    'an API of the cluster does not answer: mend or delete its APIService (kubectl get apiservices)',
  ],
  ['NamespaceDeletionGroupVersionParsingFailure', 'an APIService names a version that is none: delete it'],
  ['NamespaceDeletionContentFailure', 'objects in it could not be deleted: the message says why'],
  ['NamespaceFinalizersRemaining', 'start the controller that the finalizer belongs to, so that it can do its work'],
  ['NamespaceContentRemaining', 'look at what remains: kubectl get <kind> -n the namespace'],
];

export interface Termination {
  /** The finalizer or kind that holds the namespace, as the namespace controller says it. */
  words: string;
  mend: string;
}

const LIMIT = 300;

/**
 * What keeps a terminating namespace, from its conditions; undefined while nothing does. Nothing here forces it: a
 * finalizer that is taken off by hand leaves behind what it was to clean up.
 * https://kubernetes.io/docs/tasks/administer-cluster/namespaces/#deleting-a-namespace
 */
export function diagnoseTermination({ conditions }: Pick<LiveNamespace, 'conditions'>): Termination | undefined {
  const holding = conditions.filter(({ status }) => status === 'True');
  for (const [type, mend] of MENDS) {
    const found = holding.find((condition) => condition.type === type);
    if (found) return { words: `${type}: ${found.message}`.slice(0, LIMIT), mend };
  }
  return undefined;
}
