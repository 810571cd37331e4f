import type { Send } from '../cluster/api/client.ts';
import { reviewAccess } from '../cluster/auth/access-review.ts';
import { type Check, failed, judge } from './check.ts';

/** Admission policies are stable since. */
const OLDEST_MINOR = 30;

/** Whether each principal reaches the API server, and whether that is recent enough. */
export async function checkCluster(
  sends: { provisioner: Send; deprovisioner: Send },
  policies: () => Promise<string>,
): Promise<Check[]> {
  const [provisioner, deprovisioner, bound] = await Promise.all([
    checkVersion('provisioner', sends.provisioner),
    checkVersion('deprovisioner', sends.deprovisioner),
    checkPolicies(policies),
  ]);
  return [provisioner, deprovisioner, bound];
}

async function checkVersion(who: string, send: Send): Promise<Check> {
  const { body } = await send({ method: 'GET', path: '/version', object: 'Cluster' });
  const { major = '', minor = '', gitVersion = 'no version' } = body as Record<string, string | undefined>;
  const isRecent = Number(major) > 1 || Number.parseInt(minor, 10) >= OLDEST_MINOR;
  return judge(isRecent, {
    name: `cluster: the ${who} reaches it`,
    found: `Kubernetes ${gitVersion}`,
    expected: `Kubernetes 1.${OLDEST_MINOR} or newer`,
    fix: 'upgrade the cluster: the admission policies need it (az aks upgrade)',
  });
}

const FIXES: Record<string, string> = {
  overprivileged:
    'take from both principals the rights to change policies, act as others, read Secrets and bind rights',
};

async function checkPolicies(policies: () => Promise<string>): Promise<Check> {
  const state = await policies();
  return judge(state === 'bound', {
    name: 'cluster: admission policies',
    found: state,
    expected: 'bound: both principals are held to namespaces of feature branches',
    fix: FIXES[state] ?? 'apply manifests/cluster as this version ships it: kubectl apply -k manifests/cluster',
  });
}

export interface Right {
  verbs: readonly string[];
  /** Of the API, `` for the core. */
  group: string;
  /** Plural. */
  resource: string;
  /** Where the right is by name alone. */
  name?: string;
}

const NAMESPACES = { group: '', resource: 'namespaces' };
/** What every environment needs whatever its overlays hold: the namespace, what became of the workloads, and who scales them. */
const ALWAYS: readonly Right[] = [
  { ...NAMESPACES, verbs: ['get', 'create', 'patch'] },
  { group: '', resource: 'events', verbs: ['list'] },
  { group: '', resource: 'pods', verbs: ['list'] },
  { group: 'autoscaling', resource: 'horizontalpodautoscalers', verbs: ['list'] },
];
const DEPROVISIONER: readonly Right[] = [{ ...NAMESPACES, verbs: ['delete'] }];

/** Asks the API server itself, for each principal, whether it may do what it will be asked to. */
export async function checkRights(
  sends: { provisioner: Send; deprovisioner: Send },
  { namespace, rights }: { namespace: string; rights: readonly Right[] },
): Promise<Check[]> {
  const asked = [
    ...[...ALWAYS, ...rights].map((right) => ({ who: 'provisioner' as const, right })),
    ...DEPROVISIONER.map((right) => ({ who: 'deprovisioner' as const, right })),
  ];
  return Promise.all(asked.map(({ who, right }) => checkRight(sends[who], { who, right, namespace })));
}

async function checkRight(
  send: Send,
  { who, right, namespace }: { who: string; right: Right; namespace: string },
): Promise<Check> {
  const { verbs, group, resource, name } = right;
  const answers = await Promise.all(
    verbs.map(async (verb) => {
      const asked = { namespace, verb, group, resource, ...(name !== undefined && { name }) };
      const object = `SelfSubjectAccessReview of the ${who}`;
      return { verb, allowed: (await reviewAccess(send, { right: asked, object })) === true };
    }),
  );
  const missing = answers.filter(({ allowed }) => !allowed).map(({ verb }) => verb);
  const what = [resource, group].filter(Boolean).join('.');
  const check = {
    name: `rights: ${who}, ${what}${name === undefined ? '' : ` ${name}`}`,
    expected: verbs.join(', '),
  };
  if (missing.length === 0) return { ...check, state: 'ok', found: verbs.join(', ') };
  return failed({
    ...check,
    found: `may not ${missing.join(', ')}`,
    fix:
      who === 'provisioner'
        ? `give it the verbs by a ClusterRole with the label feature-branch-provisioner/aggregate: 'true'`
        : 'apply manifests/cluster: the ClusterRole namespace-manager has the verb',
  });
}
