import { kindOf } from '../objects/kinds.ts';
import { create } from '../http/verbs.ts';
import type { World } from '../objects/write.ts';

/** The namespaces that every cluster has. */
const NAMESPACES = ['default', 'kube-node-lease', 'kube-public', 'kube-system'];

export function furnishCluster(world: World): void {
  const kind = kindOf('v1', 'Namespace');
  for (const name of NAMESPACES) {
    const attempt = { user: 'admin', verb: 'create' as const, kind, name };
    const write = { attempt, place: { kind, name }, query: new URLSearchParams(), dryRun: false };
    create(world, write, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  }
}
