import type { KubeObject } from './kube-object.ts';
import type { Change } from './ports/cluster.ts';

/** `Kind/namespace/name`, or `Kind/name` for what lies in no namespace: how every log, error and answer names an object. */
export function toSubjectName(object: KubeObject): string {
  const { namespace, name } = object.metadata;
  return [object.kind, namespace, name].filter((part) => part !== undefined).join('/');
}

/** How many objects each action befell, for one log line: `{created: 12, unchanged: 3}`. */
export function countActions(changes: readonly Change[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { action } of changes) counts[action] = (counts[action] ?? 0) + 1;
  return counts;
}
