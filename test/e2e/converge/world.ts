import { randomUUID } from 'node:crypto';
import { clock } from '../../../lib/clock.ts';
import { createCluster } from '../../../lib/cluster/cluster.ts';
import { connectKubeconfig } from '../../../lib/cluster/auth/kubeconfig.ts';
import type { Ports } from '../../../lib/environment/ports/ports.ts';
import type { EnvironmentRecord } from '../../../lib/environment/model/record.ts';
import type { Handled } from '../../../lib/environment/conclude.ts';
import { reconcile } from '../../../lib/environment/reconcile.ts';
import type { EnvironmentRequest, Reason } from '../../../lib/environment/model/request.ts';
import type { ControlPlane } from '../../../local/control-plane/start.ts';
import { REPOSITORY, type World, createWorld } from '../../support/fakes/world.ts';
import { virtualClock } from '../../support/fakes/clock.ts';
import type { KubeObject } from '../../../lib/environment/ports/cluster.ts';

/** The core on a real cluster; storage, Azure and the overlays are models, so that only the cluster can surprise. */
export interface RealWorld {
  ports: Ports;
  overlays: World['overlays'];
  handle(slug: string, reason: Reason, more?: Partial<EnvironmentRequest>): Promise<Handled>;
  record(slug: string): EnvironmentRecord | undefined;
  /** Names of the credentials that are there. */
  credentials(): string[];
  close(): Promise<void>;
}

export function createRealWorld(plane: Pick<ControlPlane, 'kubeconfig'>): RealWorld {
  const world = createWorld();
  const connections = ['provisioner', 'deprovisioner'].map((context) =>
    connectKubeconfig({ file: plane.kubeconfig, context }),
  );
  const [provisioner, deprovisioner] = connections;
  if (!provisioner || !deprovisioner) throw new Error('unreachable');
  const cluster = createCluster({ provisioner, deprovisioner, clock, random: Math.random });
  world.access.limit = 1_000;
  // the models' clock goes with the real one
  const real = { ...virtualClock(), ...clock };
  Object.assign(world.clock, real);
  const ports: Ports = { ...world.ports, clock, newId: randomUUID, cluster };
  return {
    ports,
    overlays: world.overlays,
    handle: (slug, reason, more = {}) =>
      reconcile(ports, world.request(reason, { ref: slug, repository: REPOSITORY, ...more })),
    record: (slug) => world.record(slug),
    credentials: () => [...world.access.credentials.keys()],
    async close() {
      await Promise.all(connections.map((connection) => connection.close()));
    },
  };
}

export const config = (name: string, data: object = { a: '1' }): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  ...{ data },
});

export function deployment(name: string, image = 'web:1', spec: object = {}): KubeObject {
  const template = { metadata: { labels: { name } }, spec: { containers: [{ name: 'c', image }] } };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: { selector: { matchLabels: { name } }, template, ...spec },
  };
}
