import { causeOf } from '../../environment/model/reporting/known-causes.ts';
import { type Expected, knownId } from './expected.ts';
import type { ChainFacts } from '../facts.ts';
import { type Link, PROVISION_AGAIN, broken, compared, ok, unknown } from './link.ts';
import {
  CLIENT_ID,
  type LivePod,
  type Reading,
  type Warning,
  type Workload,
  listed,
  toPod,
  toWarning,
  toWorkload,
} from '../live-objects.ts';

const RESTART = 'make the pod again (kubectl rollout restart): what it runs as is settled when it is made';

/** Each workload that asks for an identity: the account it names, and the pods that came of it. */
export function judgeWorkloads(facts: ChainFacts, expected: Expected): Link[] {
  return expected.workloads.flatMap((workload) => {
    const object = `${workload.kind}/${facts.namespace}/${workload.name}`;
    const wanted = describe(workload);
    const place = { link: 'workload', object, expected: wanted } as const;
    const there = listed(facts.live, workload.kind);
    if (there.kind === 'unread') return [unknown(place, there.why)];
    const found = there.value.map(toWorkload).find(({ name }) => name === workload.name);
    if (found === undefined) return [broken(place, 'nothing', { fix: PROVISION_AGAIN })];
    const itself = compared({ link: 'workload', object }, { found: describe(found), expected: wanted });
    return [itself, ...judgePods(facts, { expected, workload, found })];
  });
}

function describe({ serviceAccount, asksForToken }: Workload): string {
  return `serviceAccountName ${serviceAccount}${asksForToken ? ', labelled azure.workload.identity/use: "true"' : ''}`;
}

interface Judged {
  expected: Expected;
  workload: Workload;
  found: Workload;
}

function judgePods(facts: ChainFacts, { expected, workload, found }: Judged): Link[] {
  const object = `${workload.kind}/${facts.namespace}/${workload.name}`;
  // a cron job's pods come and go
  if (found.kind === 'CronJob') return [];
  const place = { link: 'pod', object, expected: 'a pod' } as const;
  const listing = podsOf(facts, found);
  if (listing.kind === 'unread') return [unknown(place, listing.why)];
  const pods = listing.value;
  if (pods.length > 0) return pods.flatMap((pod) => judgePod(facts, { expected, workload, pod }));
  if (found.replicas === 0) return [ok(place, 'none: it is scaled to 0')];
  const refused = newest(warningsOf(facts), ({ about, reason }) => reason === 'FailedCreate' && isOf(about, found));
  if (refused === undefined) return [unknown(place, 'none yet')];
  const cause = causeOf(refused.message);
  return [
    broken(place, `none: ${refused.message}`, {
      fix: cause?.fix ?? 'fix what the event says',
      ...(cause !== undefined && { cause: { code: cause.code, meaning: cause.meaning } }),
    }),
  ];
}

function judgePod(facts: ChainFacts, of: { expected: Expected; workload: Workload; pod: LivePod }): Link[] {
  const { expected, workload, pod } = of;
  const object = `Pod/${facts.namespace}/${pod.name}`;
  const runs = compared(
    { link: 'pod', object },
    {
      found: `runs as ${pod.serviceAccount}`,
      expected: `runs as ${workload.serviceAccount}`,
      fix: RESTART,
    },
  );
  if (!workload.asksForToken) return [runs];
  const account = expected.accounts.find(({ metadata }) => metadata.name === workload.serviceAccount);
  const clientId = knownId(account?.metadata.annotations?.[CLIENT_ID]);
  const link = 'pod-environment';
  if (pod.clientIds.length === 0) {
    return [
      runs,
      unknown(
        { link, object, expected: `AZURE_CLIENT_ID ${clientId ?? 'of its identity'}` },
        'no AZURE_CLIENT_ID: the workload identity webhook did not see the pod, so that SDKs in it get no token; mounts do without',
        { fix: 'look whether the cluster has it (az aks update --enable-workload-identity), then make the pod again' },
      ),
    ];
  }
  const texts = { found: pod.clientIds.join(', '), expected: clientId, fix: RESTART };
  return [runs, compared({ link, object }, texts)];
}

/** The live pods of a live workload, by its selector. */
export function podsOf({ live }: ChainFacts, { selector }: Workload): Reading<LivePod[]> {
  const there = listed(live, 'Pod');
  if (there.kind === 'unread') return there;
  const labels = Object.entries(selector);
  const value = there.value
    .filter(({ metadata }) => metadata['deletionTimestamp'] === undefined)
    .map(toPod)
    .filter((pod) => labels.length > 0 && labels.every(([key, value]) => pod.labels[key] === value));
  return { kind: 'read', value };
}

export function warningsOf({ live }: ChainFacts): Warning[] {
  const there = listed(live, 'Event');
  const events = there.kind === 'unread' ? [] : there.value;
  return events.filter((event) => event['type'] === 'Warning').map(toWarning);
}

export function newest(warnings: readonly Warning[], fits: (warning: Warning) => boolean): Warning | undefined {
  const [first, ...others] = warnings.filter(fits);
  // of one second the later in the list: its name, which ends in a time, is greater
  return others.reduce((best, one) => (best === undefined || one.at >= best.at ? one : best), first);
}

/** A deployment's pods are made by its replica sets, which bear its name and a hash. */
function isOf(about: string, { kind, name }: Workload): boolean {
  const replicaSet = `ReplicaSet/${name}-`;
  return about === `${kind}/${name}` || (about.startsWith(replicaSet) && !about.slice(replicaSet.length).includes('-'));
}
