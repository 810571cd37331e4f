import { type EventCause, causeOf, isOfNewCredential } from '../../environment/model/reporting/known-causes.ts';
import { newest, podsOf, warningsOf } from './workloads.ts';
import { type Expected, knownId, toClass } from './expected.ts';
import type { ChainFacts } from '../facts.ts';
import { type Link, PROVISION_AGAIN, broken, compared, ok, unknown } from './link.ts';
import { type LivePod, listed, toWorkload } from '../live-objects.ts';

/** Each Key Vault class with the ids that it names, each mount of one, and what the mounts tell of the Key Vault itself. */
export function judgeKeyVault(facts: ChainFacts, expected: Expected): Link[] {
  const mounts = judgeMounts(facts, expected);
  return [...judgeClasses(facts, expected), ...mounts.map(({ link }) => link), ...judgeVault(facts, expected, mounts)];
}

function judgeClasses({ live, namespace }: ChainFacts, { classes }: Expected): Link[] {
  const there = listed(live, 'SecretProviderClass');
  return classes.flatMap(({ name, parameters }) => {
    const object = `SecretProviderClass/${namespace}/${name}`;
    const place = { link: 'key-vault-class', object, expected: 'the class is there' } as const;
    if (there.kind === 'unread') return [unknown(place, there.why)];
    const found = there.value.map(toClass).find((one) => one.name === name);
    if (found === undefined) return [broken(place, 'nothing', { fix: PROVISION_AGAIN })];
    const ids = [
      ['class-client-id', 'clientID'],
      ['class-tenant-id', 'tenantID'],
    ] as const;
    const named = ids
      .filter(([, key]) => parameters[key] !== undefined)
      .map(([link, key]) =>
        compared({ link, object }, { found: found.parameters[key], expected: knownId(parameters[key]) }),
      );
    const { keyvaultName = '' } = found.parameters;
    return [compared({ link: 'key-vault-class', object }, toVault(keyvaultName, parameters['keyvaultName'])), ...named];
  });
}

function toVault(found: string, expected: string | undefined): { found: string; expected: string } {
  return { found: `Key Vault ${found}`, expected: `Key Vault ${expected ?? found}` };
}

interface Mount {
  link: Link;
  cause?: EventCause | undefined;
  message?: string;
}

function judgeMounts(facts: ChainFacts, { workloads }: Expected): Mount[] {
  return workloads.flatMap((workload) => {
    const there = listed(facts.live, workload.kind);
    if (there.kind === 'unread') return [];
    const found = there.value.map(toWorkload).find(({ name }) => name === workload.name);
    if (found === undefined || found.kind === 'CronJob') return [];
    const pods = podsOf(facts, found);
    if (pods.kind === 'unread') return [];
    return pods.value.flatMap((pod) => workload.classes.map((name) => judgeMount(facts, { pod, name })));
  });
}

function judgeMount(facts: ChainFacts, { pod, name }: { pod: LivePod; name: string }): Mount {
  const object = `Pod/${facts.namespace}/${pod.name}`;
  const place = { link: 'mount', object, expected: `SecretProviderClass ${name} is mounted` } as const;
  if (!pod.classes.includes(name)) {
    const fix = 'make the pod again (kubectl rollout restart): it was made without this volume';
    return { link: broken(place, 'the pod does not mount it', { fix }) };
  }
  const statuses = listed(facts.live, 'SecretProviderClassPodStatus');
  const status = statuses.kind === 'read' ? statuses.value.map(toStatus).find(isOf(pod.name, name)) : undefined;
  if (status?.mounted === true) return { link: ok(place, 'it is mounted') };
  const event = newest(
    warningsOf(facts),
    ({ about, reason }) => reason === 'FailedMount' && about === `Pod/${pod.name}`,
  );
  // volumes are mounted before any container starts: an event that is older than that is of the past
  if (event !== undefined && pod.phase === 'Pending') return judgeFailure(facts, place, event.message);
  if (statuses.kind === 'unread') return { link: unknown(place, `${statuses.why}; the pod is ${pod.phase}`) };
  return { link: unknown(place, `the driver reports no mount; the pod is ${pod.phase}`) };
}

function judgeFailure(facts: ChainFacts, place: Parameters<typeof broken>[0], message: string): Mount {
  const cause = causeOf(message);
  const known = cause && { cause: { code: cause.code, meaning: cause.meaning } };
  const { propagating, now } = facts;
  if (propagating !== undefined && isOfNewCredential(message)) {
    const age = Math.round((now - propagating.since) / 1000);
    const left = Math.round((propagating.until - now) / 1000);
    const found = `waiting for Entra ID to know the credential, written ${age} s ago: ${message}`;
    return { link: unknown(place, found, { ...known, fix: `wait: it is broken after ${left} s more` }) };
  }
  const fix = cause?.fix ?? 'fix what the event says';
  return { link: broken(place, message, { ...known, fix }), cause, message };
}

/** Nobody asks Key Vault itself: the mounts tell. */
function judgeVault({ namespace }: ChainFacts, { classes }: Expected, mounts: readonly Mount[]): Link[] {
  if (classes.length === 0) return [];
  const names = [...new Set(classes.map(({ parameters }) => parameters['keyvaultName'] ?? 'unnamed'))];
  const place = {
    link: 'key-vault',
    object: names.map((name) => `KeyVault/${name}`).join(', '),
    expected: 'the Key Vault gives its secrets to the identity',
  } as const;
  const accused = mounts.find(({ cause }) => cause?.accuses === 'key-vault');
  if (accused?.cause !== undefined) {
    const { code, meaning, fix } = accused.cause;
    return [broken(place, accused.message ?? meaning, { fix, cause: { code, meaning } })];
  }
  if (mounts.some(({ link }) => link.state === 'ok')) return [ok(place, `pods in ${namespace} have mounted them`)];
  return [unknown(place, 'no pod has mounted anything yet')];
}

interface PodStatus {
  pod: string;
  name: string;
  mounted: boolean;
}

function toStatus(object: object): PodStatus {
  const { status } = object as {
    status?: { podName?: string; secretProviderClassName?: string; mounted?: boolean };
  };
  return {
    pod: status?.podName ?? '',
    name: status?.secretProviderClassName ?? '',
    mounted: status?.mounted === true,
  };
}

function isOf(pod: string, name: string) {
  return (status: PodStatus): boolean => status.pod === pod && status.name === name;
}
