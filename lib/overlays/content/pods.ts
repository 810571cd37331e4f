import { groupOf } from '../cluster-scoped.ts';
import type { KubeObject } from '../../environment/ports/cluster.ts';
import type { Bounds, ContentRule } from './content-rule.ts';

interface Security {
  privileged?: boolean;
  procMount?: string;
  capabilities?: { add?: string[] };
  windowsOptions?: { hostProcess?: boolean };
}

interface Handler {
  httpGet?: { host?: string };
  tcpSocket?: { host?: string };
}

interface Container {
  livenessProbe?: Handler;
  readinessProbe?: Handler;
  startupProbe?: Handler;
  lifecycle?: { postStart?: Handler; preStop?: Handler };
  securityContext?: Security;
  ports?: { hostPort?: number }[];
}

type Volume = Record<string, unknown> & {
  csi?: { driver?: string };
  ephemeral?: { volumeClaimTemplate?: { spec?: Claim } };
};

/** What chooses the storage that a claim gets. */
export interface Claim {
  volumeName?: string;
  selector?: unknown;
  storageClassName?: string;
}

interface Pod {
  containers?: Container[];
  initContainers?: Container[];
  ephemeralContainers?: Container[];
  volumes?: Volume[];
  priorityClassName?: string;
  nodeName?: string;
  tolerations?: { key?: string }[];
  securityContext?: Security;
  hostPID?: boolean;
  hostIPC?: boolean;
  hostNetwork?: boolean;
}

interface Templated {
  spec?: Pod & { template?: { spec?: Pod }; jobTemplate?: { spec?: { template?: { spec?: Pod } } } };
  template?: { spec?: Pod };
}

/** The pods that an object of Kubernetes' own kinds runs; those of other kinds are held by the namespace's level. */
export function podOf(object: KubeObject): Pod {
  const group = groupOf(object.apiVersion);
  const { spec, template } = object as Templated;
  if (group === '' && object.kind === 'Pod') return spec ?? {};
  if (group === '' && object.kind === 'PodTemplate') return template?.spec ?? {};
  if (group === 'batch' && object.kind === 'CronJob') return spec?.jobTemplate?.spec?.template?.spec ?? {};
  const isTemplated =
    group === 'apps' || group === 'batch' || (group === '' && object.kind === 'ReplicationController');
  return isTemplated ? (spec?.template?.spec ?? {}) : {};
}

/** https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline */
const CAPABILITIES = new Set([
  ...['AUDIT_WRITE', 'CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'KILL', 'MKNOD', 'NET_BIND_SERVICE', 'SETFCAP'],
  ...['SETGID', 'SETPCAP', 'SETUID', 'SYS_CHROOT'],
]);

const VOLUMES = new Set([
  ...['name', 'configMap', 'csi', 'downwardAPI', 'emptyDir', 'ephemeral', 'image', 'persistentVolumeClaim'],
  ...['projected', 'secret'],
]);

/** The one that mounts what an identity of the branch opens; others mount what their attributes name. */
const CSI_DRIVER = 'secrets-store.csi.k8s.io';

function handlersOf({ livenessProbe, readinessProbe, startupProbe, lifecycle }: Container): Handler[] {
  const all = [livenessProbe, readinessProbe, startupProbe, lifecycle?.postStart, lifecycle?.preStop];
  return all.filter((each) => each !== undefined);
}

function isOfClusterNodes({ key = '' }: { key?: string }): boolean {
  return ['', 'CriticalAddonsOnly'].includes(key) || key.startsWith('node-role.kubernetes.io/');
}

function containersOf({ containers = [], initContainers = [], ephemeralContainers = [] }: Pod): Container[] {
  return [...containers, ...initContainers, ...ephemeralContainers];
}

/** Off where an administrator set POD_SECURITY to privileged. */
function below(refuses: (pod: Pod) => boolean) {
  return (object: KubeObject, { podSecurity }: Bounds) => podSecurity !== 'privileged' && refuses(podOf(object));
}

/** What is wrong with pods that would reach their node, or the rest of the cluster. */
export const POD_RULES: readonly ContentRule[] = [
  {
    message: 'its pods share the process, network or memory space of their node',
    refuses: below(({ hostPID, hostIPC, hostNetwork }) => [hostPID, hostIPC, hostNetwork].includes(true)),
  },
  {
    message: 'a container of it is privileged',
    refuses: below(
      (pod) =>
        pod.securityContext?.windowsOptions?.hostProcess === true ||
        containersOf(pod).some(
          ({ securityContext: context }) =>
            context?.privileged === true ||
            (context?.procMount ?? 'Default') !== 'Default' ||
            context?.windowsOptions?.hostProcess === true,
        ),
    ),
  },
  {
    message: 'a container of it adds a capability beyond the default ones',
    refuses: below((pod) =>
      containersOf(pod)
        .flatMap(({ securityContext }) => securityContext?.capabilities?.add ?? [])
        .some((name) => !CAPABILITIES.has(name)),
    ),
  },
  {
    message: 'a container of it takes a port of its node',
    refuses: below((pod) =>
      containersOf(pod)
        .flatMap(({ ports = [] }) => ports)
        .some(({ hostPort = 0 }) => hostPort !== 0),
    ),
  },
  {
    message: 'a volume of it is a directory of the node, or storage that no claim asks for',
    refuses: below(({ volumes = [] }) =>
      volumes.some(
        (volume) =>
          Object.keys(volume).some((key) => !VOLUMES.has(key)) || (volume.csi?.driver ?? CSI_DRIVER) !== CSI_DRIVER,
      ),
    ),
  },
  {
    message: 'its pods would push out those of the cluster itself',
    refuses: (object) => (podOf(object).priorityClassName ?? '').startsWith('system-'),
  },
  {
    message: 'a probe or hook of it sends the node to a host of its choice',
    refuses: below((pod) =>
      containersOf(pod)
        .flatMap(handlersOf)
        .some(({ httpGet, tcpSocket }) => (httpGet?.host ?? '') !== '' || (tcpSocket?.host ?? '') !== ''),
    ),
  },
  {
    message: 'its pods choose a node past the scheduler, or go to those of the cluster itself',
    refuses: (object) => {
      const { nodeName = '', tolerations = [] } = podOf(object);
      return nodeName !== '' || tolerations.some(isOfClusterNodes);
    },
  },
];
