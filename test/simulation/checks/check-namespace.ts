import { toNamespace } from '../../../lib/environment/model/names.ts';
import type { FakeRecord } from '../../support/fakes/records/records.ts';
import type { ClusterWatcher } from '../../support/fakes/cluster.ts';
import type { Activity } from '../models/hosts.ts';
import type { World } from '../world.ts';
import { namespaceAt } from '../../support/fakes/cluster-state.ts';
import { violate } from '../stage.ts';
import { checkMode, checkOurs, checkWanted, checkWriter } from './invariants.ts';

/** Watches what one activity sends to the cluster. */
export function watchCluster(world: World, who: Activity): ClusterWatcher {
  const { stage, store, github, queue } = world;
  const slugOf = (namespace: string): string => namespace.slice(toNamespace('').length);
  const blobOf = (namespace: string): FakeRecord | undefined => store.blobs.get(slugOf(namespace));
  return {
    begin({ what, namespace }) {
      checkMode(stage, who, what);
      checkWriter(stage, who, { slug: slugOf(namespace), blob: blobOf(namespace) });
    },
    act(write, found, beganAt) {
      if (write.what === 'POST') return checkPlaces(world, who);
      const record = blobOf(write.namespace)?.record;
      checkOurs(stage, { who, write, beganAt, found, record });
      if (write.isConditional !== true || record === undefined) return;
      const livesSince = github.livesSince(record);
      checkWanted(stage, { who, beganAt, record, livesSince, accepted: queue.accepted });
    },
  };
}

/** However many begin at once, no more environments are there than MAX_ENVIRONMENTS allows. */
function checkPlaces({ stage, cluster, settings }: World, who: Activity): void {
  const { maxEnvironments } = settings;
  if (maxEnvironments === undefined) return;
  const ours = [...cluster.namespaces.keys()].filter((name) => {
    const found = namespaceAt(cluster, name);
    return found?.live.labels['app.kubernetes.io/managed-by'] === 'feature-branch-provisioner' && !found.isRestored;
  });
  if (ours.length > maxEnvironments)
    violate(stage, 'noMoreThanMaxEnvironments', `${who.name} made the ${ours.length}th of ${maxEnvironments}`);
}
