import type { LiveObject } from '../../api/object-meta.ts';
import type { TypeOfObject } from '../../api/rest-mapping.ts';
import { toCause } from '../pods/message.ts';
import { READY, type Reading, type Verdict, conditionOf } from '../reading.ts';
import { starting } from './workloads.ts';

const FAILED_PHASES = new Set(['Degraded', 'Failed', 'Error', 'InvalidSpec']);
const OPEN_PHASES = new Set([
  'Pending',
  'Progressing',
  'Creating',
  'Initializing',
  'Provisioning',
  'Paused',
  'Unknown',
]);

/**
 * The rules of kstatus for any kind: Stalled, Reconciling, Ready and observedGeneration. Beyond them, a phase in words
 * that controllers share, and a kind with a pod template is not up before its controller has said anything.
 * https://github.com/kubernetes-sigs/cli-utils/blob/master/pkg/kstatus/README.md
 */
export function judgeByConditions(object: LiveObject): Verdict {
  const stalled = conditionOf(object, 'Stalled');
  if (stalled?.status === 'True') return { ...byCondition('it is stalled', stalled), health: 'failed' };
  const reconciling = conditionOf(object, 'Reconciling');
  if (reconciling?.status === 'True') return byCondition('it is reconciling', reconciling);
  const { phase, message } = (object.status ?? {}) as { phase?: unknown; message?: unknown };
  const told = typeof phase === 'string' ? phase : '';
  const words = `its phase is ${told}${saying(message)}`;
  if (FAILED_PHASES.has(told)) return { ...starting(words), health: 'failed' };
  const ready = conditionOf(object, 'Ready') ?? conditionOf(object, 'Available');
  if (ready !== undefined && ready.status !== 'True') return byCondition('it is not ready', ready);
  if (OPEN_PHASES.has(told)) return starting(words);
  const { template } = (object.spec ?? {}) as { template?: { spec?: { containers?: unknown } } };
  if (object.status === undefined && template?.spec?.containers !== undefined)
    return starting('no controller has taken it up yet');
  return READY;
}

/** A claim that no pod uses waits for a consumer, which may start at night or never; nobody waits for it. */
export function judgeClaim(object: LiveObject, { pods }: Reading): Verdict {
  const { phase } = (object.status ?? {}) as { phase?: string };
  if (phase === 'Lost') return { ...starting('its volume is lost', 'claim'), health: 'failed' };
  if (phase === 'Bound') return READY;
  const isUsed = pods.some(({ spec }) =>
    spec?.volumes?.some((volume) => volume.persistentVolumeClaim?.claimName === object.metadata.name),
  );
  return isUsed ? starting('it is not bound to a volume', 'claim') : READY;
}

/** Kinds that hold or describe something and are all they can be once they are applied. */
const STATIC = new Set([
  'ConfigMap',
  'CronJob',
  'EndpointSlice',
  'Endpoints',
  'HorizontalPodAutoscaler',
  'LimitRange',
  'Namespace',
  'NetworkPolicy',
  'PodDisruptionBudget',
  'PodMonitor',
  'ResourceQuota',
  'Role',
  'RoleBinding',
  'Secret',
  'SecretProviderClass',
  'ServiceAccount',
  'ServiceMonitor',
  'VerticalPodAutoscaler',
]);

/** Whether an object of this kind can be anything but ready once it is applied. */
export function isJudged({ kind }: TypeOfObject): boolean {
  return !STATIC.has(kind);
}

function byCondition(
  words: string,
  { message, reason, lastTransitionTime }: { message?: string; reason?: string; lastTransitionTime?: string },
): Verdict {
  return { ...starting(`${words}${saying(message ?? reason)}`), since: lastTransitionTime };
}

function saying(message: unknown): string {
  const words = typeof message === 'string' ? toCause(message) : '';
  return words === '' ? '' : `: ${words}`;
}
