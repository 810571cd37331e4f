import { toCredentialName, toNamespace, toSubject } from '../../../lib/environment/model/names.ts';
import { makeNamespace, namespaceAt, terminate } from './cluster.ts';
import type { ForeignKind } from '../histories/history.ts';
import type { World } from '../world.ts';

/** What other people do beside us, to what is theirs and to what is ours. */
export function meddle(world: World, deed: { kind: ForeignKind; identity: number; slug: string }): void {
  const { stage, cluster, identities } = world;
  const { slug } = deed;
  const name = toNamespace(slug);
  const found = namespaceAt(stage, cluster, name);
  const identity = identities[deed.identity];
  const credential = toCredentialName({ slug, serviceAccount: 'postgres-service-account' });
  const makeTheirs = (): void => void makeNamespace(stage, cluster, { name, labels: { team: 'payments' } });
  switch (deed.kind) {
    case 'make-namespace':
      if (found === undefined) makeTheirs();
      return;
    case 'replace-namespace':
      return makeTheirs();
    case 'restore-namespace':
      if (found !== undefined)
        makeNamespace(stage, cluster, {
          name,
          labels: found.live.labels,
          annotations: found.live.annotations,
        }).isRestored = true;
      return;
    case 'strip-namespace':
      if (found === undefined) return;
      found.live.labels = Object.freeze({ team: 'payments' });
      found.live.resourceVersion = String((cluster.versions += 1));
      found.marksSince = stage.now();
      return;
    case 'delete-namespace':
      if (found !== undefined) terminate(stage, cluster, found);
      return;
    case 'touch-namespace':
      if (found !== undefined) found.live.resourceVersion = String((cluster.versions += 1));
      return;
    case 'leave-namespace':
      if (found?.live.labels['team'] === 'payments') cluster.namespaces.delete(name);
      return;
    case 'make-credential':
      identity?.credentials.set(credential, 'system:serviceaccount:theirs:app');
      identity?.theirsSince.set(credential, stage.now());
      world.foreign.hasFilled = true;
      return;
    case 'delete-credential':
      identity?.credentials.delete(credential);
      return;
    case 'leave-credential':
      if (identity?.credentials.get(credential) === 'system:serviceaccount:theirs:app')
        identity.credentials.delete(credential);
      return;
    case 'fill-identity':
      identity?.credentials.set('theirs', toSubject({ namespace: 'theirs', serviceAccount: 'app' }));
      world.foreign.hasFilled = true;
      return;
    default:
      deed.kind satisfies never;
  }
}
