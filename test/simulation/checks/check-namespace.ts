import { toNamespace } from '../../../lib/environment/model/names.ts';
import type { FakeRecord } from '../../support/fakes/records/records.ts';
import type { ClusterWatcher } from '../../support/fakes/cluster.ts';
import type { Activity } from '../models/hosts.ts';
import type { World } from '../world.ts';
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
      const record = blobOf(write.namespace)?.record;
      checkOurs(stage, { who, write, beganAt, found, record });
      if (write.isConditional !== true || record === undefined) return;
      const livesSince = github.livesSince(record);
      checkWanted(stage, { who, beganAt, record, livesSince, accepted: queue.accepted });
    },
  };
}
