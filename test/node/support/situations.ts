import { SMALL, deployment, servingPod } from './tree.ts';

const BOX = 'busybox:1.37';
const LIMITS = { requests: SMALL, limits: { cpu: '200m', memory: '32Mi' } };

/** What looks like an environment that is up, or is told wrongly by most tools: each tree, and what a person is told. */
export interface Situation {
  name: string;
  objects: object[];
  settings?: Record<string, string>;
  /** The words of the record, `object: cause`. */
  says: RegExp;
  /** Where it stands while nothing is done about it. */
  phase: 'starting' | 'failed';
  /** What a person does about it, as kubectl's arguments; it becomes ready by itself then. */
  cure?: string[] | object[];
}

const box = () => servingPod().containers[0];
const web = (change: object = {}, pod: object = {}) =>
  deployment('web', { ...servingPod(), ...pod, containers: [{ ...box(), ...change }] });

export function situations(): Situation[] {
  return [
    {
      name: 'job-fails',
      objects: [web(), job('migrate', 'echo relation users is not there; exit 4')],
      says: /Job\/feature-job-fails\/migrate: it failed: container main ended with exit code 4/,
      phase: 'failed',
    },
    {
      name: 'job-runs',
      objects: [web(), job('migrate', 'until test -f /tmp/never; do sleep 1; done')],
      says: /Job\/feature-job-runs\/migrate: it still runs \(Pod migrate-\w+, since \d{4}-/,
      phase: 'starting',
      settings: { READY_DEADLINE: '10m' },
      cure: ['exec', 'job/migrate', '--', 'touch', '/tmp/never'],
    },
    {
      name: 'job-refused',
      objects: [web(), memoryLimit(), job('migrate', 'exit 0', { limits: { memory: '512Mi' } })],
      says: /migrate: .*forbidden: maximum memory usage per Container is 128Mi, but limit is 512Mi/,
      phase: 'failed',
    },
    {
      name: 'nobody-behind',
      objects: [web(), service({ app: 'webb' }), ingress('nginx')],
      says: /Service\/feature-nobody-behind\/web: it has no ready endpoint: no pod bears app=webb \(pods bear app=web\)/,
      phase: 'failed',
      cure: ['patch', 'service', 'web', '-p', '{"spec":{"selector":{"app":"web"}}}'],
    },
    {
      name: 'class-nobody',
      objects: [web(), service({ app: 'web' }), ingress('nobody')],
      says: /Ingress\/feature-class-nobody\/web: nothing serves the class nobody \(the cluster has .*nginx/,
      phase: 'failed',
      cure: ['patch', 'ingress', 'web', '-p', '{"spec":{"ingressClassName":"nginx"}}'],
    },
    {
      name: 'init-waits',
      objects: [
        web(
          {},
          {
            initContainers: [
              container('copy', 'exit 0'),
              container('wait-for-db', 'until wget -q -O /dev/null http://db; do sleep 1; done'),
            ],
          },
        ),
      ],
      says: /web: init container wait-for-db still runs \(2 of 2, since .*Pod web-/,
      phase: 'failed',
      cure: [deployment('db', servingPod()), { ...service({ app: 'db' }), metadata: { name: 'db' } }],
    },
    {
      name: 'by-expressions',
      objects: [byExpressions(web({ command: ['sh', '-c', 'exit 4'] }))],
      says: /web: container web ends again and again, exit code 4.*\(Pod web-/,
      phase: 'failed',
    },
    {
      name: 'warning-over',
      objects: [
        web(
          {
            command: ['sh', '-c', `sleep 15; ${box().command[2]}`],
            startupProbe: { httpGet: { path: '/', port: 8080 }, periodSeconds: 1, failureThreshold: 60 },
            volumeMounts: [{ name: 'theirs', mountPath: '/theirs' }],
          },
          { volumes: [{ name: 'theirs', configMap: { name: 'by-others' } }] },
        ),
      ],
      settings: { READY_DEADLINE: '10m' },
      says: /FailedMount: .*configmap "by-others" not found/,
      phase: 'starting',
      cure: ['create', 'configmap', 'by-others', '--from-literal=a=b'],
    },
    {
      name: 'first-cause',
      objects: [
        deployment('backend', {
          ...servingPod(),
          containers: [{ ...box(), startupProbe: { httpGet: { path: '/missing', port: 8080 }, periodSeconds: 1 } }],
        }),
        web({ resources: { requests: { cpu: '64' } } }),
      ],
      settings: { READY_DEADLINE: '10m' },
      says: /Deployment\/feature-first-cause\/web: waiting for capacity: .*Insufficient cpu.*\(and 1 more\)/,
      phase: 'starting',
    },
  ];
}

/** Serves for half a minute and ends, for ever, unless its tag says that it lasts. */
export function dyingTree(): object[] {
  const [start] = box().command[2]?.split('exec ') ?? [];
  const command = [
    'sh',
    '-c',
    `${start} httpd -p 8080 -h /tmp/www; test "$TAG" = lasts && exec sleep 3600; sleep 20; exit 1`,
  ];
  return [web({ command, env: [{ name: 'TAG', value: 'IMAGE_TAG' }] })];
}

/** Healthy to its readiness probe, and killed by its liveness probe. */
export function probedTree(): object[] {
  const livenessProbe = { httpGet: { path: '/alive', port: 8080 }, periodSeconds: 4, failureThreshold: 3 };
  return [web({ livenessProbe })];
}

/** Fills a volume until the node ends its pods, one after the other. */
export function evictedTree(): object[] {
  const command = ['sh', '-c', `dd if=/dev/zero of=/full/x bs=1M count=8; ${box().command[2]}`];
  return [
    web(
      { command, volumeMounts: [{ name: 'full', mountPath: '/full' }] },
      { volumes: [{ name: 'full', emptyDir: { sizeLimit: '1Mi' } }] },
    ),
  ];
}

/** A set whose image is the tag that somebody asks for. */
export function setTree(): object[] {
  const labels = { app: 'db' };
  const template = {
    metadata: { labels },
    spec: { ...servingPod(), containers: [{ ...box(), image: 'busybox:IMAGE_TAG' }] },
  };
  return [
    {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: { name: 'db' },
      spec: { replicas: 1, serviceName: 'db', selector: { matchLabels: labels }, template },
    },
  ];
}

/** A Job that lacks what somebody makes later. */
export function lackingTree(): object[] {
  const lacking = job('migrate', 'test -f /go/ok || { echo not reachable; exit 5; }') as {
    spec: { template: { spec: { containers: object[] } } };
  };
  const { spec } = lacking.spec.template;
  const [main] = spec.containers;
  const volumes = [{ name: 'go', configMap: { name: 'go', optional: true } }];
  const mounted = { ...spec, containers: [{ ...main, volumeMounts: [{ name: 'go', mountPath: '/go' }] }], volumes };
  return [web(), { ...lacking, spec: { ...lacking.spec, template: { spec: mounted } } }];
}

/** All up, and each with something to say about it. */
export function remarkedTree(): object[] {
  const metrics = [
    { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } },
  ];
  const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'wbe' };
  const { spec: jobSpec } = job('report', 'echo no such key; exit 7') as { spec: object };
  return [
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'conf' }, data: { MODE: 'IMAGE_TAG' } },
    web({ envFrom: [{ configMapRef: { name: 'conf' } }] }),
    {
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      metadata: { name: 'report' },
      spec: { schedule: '* * * * *', jobTemplate: { spec: jobSpec } },
    },
    {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'web' },
      spec: { minReplicas: 1, maxReplicas: 3, scaleTargetRef, metrics },
    },
    { ...job('restore', 'exit 0'), spec: { ...jobSpec, suspend: true } },
  ];
}

/** What a team grants beside the shipped role for the kinds above. */
export const TEAM_ROLE = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRole',
  metadata: { name: 'team-kinds', labels: { 'feature-branch-provisioner/aggregate': 'true' } },
  rules: [
    { apiGroups: ['batch'], resources: ['jobs'], verbs: ['get', 'list', 'create', 'patch', 'delete'] },
    {
      apiGroups: ['autoscaling'],
      resources: ['horizontalpodautoscalers'],
      verbs: ['get', 'list', 'create', 'patch', 'delete'],
    },
  ],
};

function container(name: string, script: string, resources: object = LIMITS): object {
  return { name, image: BOX, command: ['sh', '-c', script], resources };
}

function job(name: string, script: string, resources: object = LIMITS): object {
  const containers = [container('main', script, resources)];
  const template = { spec: { restartPolicy: 'Never', terminationGracePeriodSeconds: 1, containers } };
  return { apiVersion: 'batch/v1', kind: 'Job', metadata: { name }, spec: { backoffLimit: 0, template } };
}

function service(selector: object) {
  const ports = [{ name: 'http', port: 80, targetPort: 8080 }];
  return { apiVersion: 'v1', kind: 'Service', metadata: { name: 'web' }, spec: { selector, ports } };
}

function ingress(ingressClassName: string): object {
  const backend = { service: { name: 'web', port: { name: 'http' } } };
  const http = { paths: [{ path: '/', pathType: 'Prefix', backend }] };
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name: 'web' },
    spec: { ingressClassName, rules: [{ host: 'BRANCH_NAME.branches.test', http }] },
  };
}

function memoryLimit(): object {
  const limits = [{ type: 'Container', max: { memory: '128Mi' }, default: { memory: '64Mi' } }];
  return { apiVersion: 'v1', kind: 'LimitRange', metadata: { name: 'small' }, spec: { limits } };
}

function byExpressions(object: object): object {
  const workload = object as { spec: object };
  const selector = { matchExpressions: [{ key: 'app', operator: 'In', values: ['web'] }] };
  return { ...workload, spec: { ...workload.spec, selector } };
}
