import { toCredentialName, toNamespace } from '../../../lib/environment/model/names.ts';
import { type FakeIdentity, hold } from '../../support/fakes/arm.ts';
import { makeNamespace, namespaceAt, terminate } from '../../support/fakes/cluster-state.ts';
import type { ForeignKind } from '../histories/history.ts';
import type { World } from '.././world.ts';

/** What other people do beside us, to what is theirs and to what is ours. */
export function meddle(world: World, deed: { kind: ForeignKind; identity: number; slug: string }): void {
  const { stage, cluster, arm } = world;
  const { slug } = deed;
  const name = toNamespace(slug);
  const found = namespaceAt(cluster, name);
  const identity = arm.identities[deed.identity];
  const credential = toCredentialName({ slug, serviceAccount: 'postgres-service-account' });
  const makeTheirs = (): void => void makeNamespace(cluster, { name, labels: { team: 'payments' } });
  switch (deed.kind) {
    case 'make-namespace':
      if (found === undefined) makeTheirs();
      return;
    case 'replace-namespace':
      return makeTheirs();
    case 'restore-namespace':
      if (found !== undefined)
        makeNamespace(cluster, {
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
      if (found !== undefined) terminate(cluster, found);
      return;
    case 'touch-namespace':
      if (found !== undefined) found.live.resourceVersion = String((cluster.versions += 1));
      return;
    case 'leave-namespace':
      if (found?.live.labels['team'] === 'payments') cluster.namespaces.delete(name);
      return;
    case 'make-credential':
      if (identity === undefined) return;
      // theirs in place of ours, whatever Azure's own client would do first
      identity.held.delete(credential);
      holdTheirs(world, identity, credential);
      return;
    case 'delete-credential':
      identity?.held.delete(credential);
      return;
    case 'leave-credential':
      if (identity?.held.get(credential)?.issuer === THEIR_ISSUER) identity.held.delete(credential);
      return;
    case 'fill-identity':
      if (identity !== undefined) holdTheirs(world, identity, 'theirs');
      return;
    default:
      deed.kind satisfies never;
  }
}

const THEIR_ISSUER = 'https://theirs.example.test/';

function holdTheirs({ stage, foreign, theirsSince }: World, identity: FakeIdentity, name: string): void {
  hold(identity, {
    name,
    issuer: THEIR_ISSUER,
    subject: `system:serviceaccount:theirs:${name}`,
    audiences: ['theirs'],
  });
  theirsSince.set(identity, (theirsSince.get(identity) ?? new Map<string, number>()).set(name, stage.now()));
  foreign.hasFilled = true;
}
