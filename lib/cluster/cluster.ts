import type { Clock } from '../environment/ports/ports.ts';
import { applyObjects } from './apply.ts';
import { type Connection, DEFAULT_CONNECTIONS } from './api/connection.ts';
import { type LogReader, readLog } from './logs.ts';
import { countContents, findScopes, inspectKinds } from './list.ts';
import { createDiscovery } from './api/rest-mapping.ts';
import { applyNamespace, createNamespace, deleteNamespace, listNamespaces, readNamespace } from './namespace.ts';
import { findDrift, planObjects } from './diff.ts';
import { probePolicies } from './admission-policies.ts';
import { pruneObjects } from './delete.ts';
import { readReadiness } from './readiness/read-namespace.ts';
import { surveyEnvironments } from './readiness/survey.ts';
import { deletePod, removeEnded } from './readiness/remove-ended.ts';
import { createSend } from './api/client.ts';
import type { Cluster } from '../environment/ports/cluster.ts';

export interface ClusterOptions {
  provisioner: Connection;
  /** The only one that may delete a namespace, and used for nothing else. */
  deprovisioner: Connection;
  clock: Clock;
  /** In [0, 1): spreads retries. */
  random(): number;
  /** Objects applied or kinds listed at a time, per call. */
  concurrency?: number;
  /** Of one try of one call. */
  timeoutMs?: number;
}

/** The Kubernetes cluster behind two connections, one per principal. Reads nothing until it is called. */
export function createCluster(options: ClusterOptions): Cluster & LogReader {
  const { clock, concurrency = DEFAULT_CONNECTIONS } = options;
  const send = createSend(options.provisioner, options);
  const sendDelete = createSend(options.deprovisioner, options);
  const context = { send, discovery: createDiscovery(send, clock), concurrency, clock };

  return {
    readNamespace: (name) => readNamespace(send, name),
    // the provisioner may not list namespaces
    listNamespaces: (labels) => listNamespaces(sendDelete, labels),
    createNamespace: (namespace, writeGuard) => createNamespace(send, namespace, writeGuard),
    applyNamespace: (namespace, writeGuard, dropped) => applyNamespace(send, namespace, { writeGuard, dropped }),
    apply: (objects, target) => applyObjects(context, objects, target),
    prune: (entries, target) => pruneObjects(context, entries, target),
    drift: (objects, target) => findDrift(context, objects, target),
    scopes: (objects) => findScopes(context, objects),
    plan: (objects, target) => planObjects(context, objects, target),
    readiness: (inventory, target) => readReadiness(context, inventory, target),
    survey: () => surveyEnvironments(context),
    removeEnded: (entries, target) => removeEnded(context, entries, target),
    deletePod: (target, writeGuard) => deletePod(send, target, writeGuard),
    inspect: (kinds, target) => inspectKinds(context, kinds, target),
    readLog: (source) => readLog(send, source),
    contents: (namespace) => countContents(context, namespace),
    deleteNamespace: (target, writeGuard) => deleteNamespace(sendDelete, target, writeGuard),
    policies: () => probePolicies({ provisioner: send, deprovisioner: sendDelete }),
  };
}
