/** What the app says in a test of the page: each test makes its own and changes it at will. */
export interface World {
  /** Function keys that are taken, by function; undefined takes every call. */
  keys?: Record<string, string>;
  /** Answers in place of the usual ones, by `METHOD path`. */
  answers: Map<string, { status: number; body: unknown }>;
  isDown: boolean;
  /** How long each answer of the API takes. */
  delayMs: number;
  environments: Record<string, unknown>[];
  records: Map<string, Record<string, unknown>>;
  live: Map<string, unknown>;
  diagnoses: Map<string, unknown>;
  logs: Map<string, unknown>;
  identities: unknown[];
  health: Record<string, unknown>;
  /** Every write that the page made. */
  writes: { path: string; body: Record<string, unknown>; headers: Record<string, string> }[];
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The time so long ago. */
export function ago(ms: number): string {
  return new Date(Date.now() - ms).toISOString();
}

const REPOSITORY = 'acme/shop';
const POOL =
  '/subscriptions/00000000-0000-4000-8000-000000000001/resourceGroups/dev/providers/Microsoft.ManagedIdentity/userAssignedIdentities/';

/** An app with nothing in it. */
export function emptyWorld(): World {
  return {
    answers: new Map(),
    isDown: false,
    delayMs: 0,
    environments: [],
    records: new Map(),
    live: new Map(),
    diagnoses: new Map(),
    logs: new Map(),
    identities: [],
    health: {
      status: 'ok',
      version: '0.1.0',
      checks: {
        settings: 'ok',
        storage: 'ok',
        cluster: 'ok',
        policies: 'ok',
        identity: 'ok',
        github: 'ok',
        audit: 'ok',
      },
    },
    writes: [],
  };
}

/** An environment of the list with its record. */
export function addEnvironment(
  world: World,
  summary: { name: string; phase: string; ref?: string } & Record<string, unknown>,
  record: Record<string, unknown> = {},
): void {
  const { name, phase, ref = name, repository = REPOSITORY, at = ago(5 * MINUTE), ...rest } = summary;
  const namespace = `feature-${name}`;
  world.environments.push({ name, namespace, phase, repository, ref, at, ...rest });
  const { imageTag, url, waitingFor, keepUntil, deleteAt, from, actor } = rest;
  world.records.set(name, {
    v: 1,
    name,
    namespace,
    repository: { id: 4711, fullName: repository },
    ref,
    event: { reason: 'push', at, actor: actor ?? { kind: 'github', name: 'octocat' } },
    phase,
    steps: steps(phase),
    inventory: INVENTORY,
    warnings: [],
    history: [
      { at: ago(3 * DAY), what: 'queued', reason: 'create' },
      {
        at: ago(3 * DAY - 8_000),
        what: 'applied',
        reason: 'create',
        imageTag: 'login-41',
        ms: 4_180,
        changes: { created: 31 },
      },
      { at: ago(3 * DAY - 40_000), what: 'ready' },
      { at, what: 'applied', reason: 'push', imageTag, ms: 2_310, changes: { configured: 3, unchanged: 28 } },
    ],
    seen: [],
    activityAt: at,
    identity: `${POOL}kv-dev-1`,
    ...Object.fromEntries(
      Object.entries({ imageTag, url, waitingFor, keepUntil, deleteAt, from }).filter(
        ([, value]) => value !== undefined,
      ),
    ),
    ...record,
  });
}

/** A team's Tuesday: something in every phase. */
export function busyWorld(): World {
  const world = emptyWorld();
  const person = (name: string) => ({ actor: { kind: 'github', name } });
  addEnvironment(
    world,
    {
      name: 'checkout-rework',
      phase: 'failed',
      at: ago(4 * MINUTE),
      imageTag: 'checkout-rework-9f31c07',
      ...person('hubot'),
      url: 'https://checkout-rework.preview.example.com',
      error: { code: 'not-ready' },
      why: 'Deployment/todo-be: container api ended with exit code 1, 6 times: DATABASE_URL is not set',
    },
    {
      error: {
        code: 'not-ready',
        message: 'Deployment/todo-be: container api ended with exit code 1, 6 times: DATABASE_URL is not set',
        object: 'Deployment/feature-checkout-rework/todo-be',
        step: 'readiness',
        fix: 'set DATABASE_URL in the overlay, or in the Secret that todo-be reads, then push',
        retryable: false,
      },
      warnings: ['ConfigMap/todo-be is newer than the pods that read it at their start'],
    },
  );
  addEnvironment(
    world,
    {
      name: 'demo-legacy',
      phase: 'refused',
      at: ago(52 * MINUTE),
      ...person('tester'),
      why: 'namespace feature-demo-legacy belongs to somebody else: it does not carry our labels',
    },
    {
      inventory: [],
      refused: {
        guard: 'owner',
        reason: 'namespace feature-demo-legacy belongs to somebody else: it does not carry our labels',
      },
    },
  );
  addEnvironment(
    world,
    {
      name: 'search-facets',
      phase: 'waiting',
      at: ago(2 * MINUTE),
      imageTag: 'search-facets-77ab010',
      ...person('mona'),
      waitingFor: 'credential-slot',
      why: 'a free credential slot: 40 of 40 are taken',
    },
    { waitingOn: 'a free credential slot: 40 of 40 are taken', inventory: [] },
  );
  addEnvironment(
    world,
    {
      name: 'pricing-v2',
      phase: 'starting',
      at: ago(70_000),
      imageTag: 'pricing-v2-1c44e9a',
      ...person('octocat'),
      url: 'https://pricing-v2.preview.example.com',
      why: 'StatefulSet/postgres: pulling image',
    },
    { waitingOn: 'StatefulSet/postgres: pulling image', appliedAt: ago(64_000) },
  );
  addEnvironment(
    world,
    {
      name: 'fix-cart-rounding',
      phase: 'provisioning',
      at: ago(4_000),
      imageTag: 'fix-cart-rounding-02be77d',
      ...person('reviewer'),
    },
    { inventory: [] },
  );
  addEnvironment(world, {
    name: 'old-banner',
    phase: 'deleting',
    at: ago(21_000),
    imageTag: 'old-banner-3',
    ...person('tester'),
  });
  addEnvironment(world, {
    name: 'newsletter',
    phase: 'expiring',
    at: ago(13 * DAY),
    imageTag: 'newsletter-5512fe0',
    ...person('designer'),
    url: 'https://newsletter.preview.example.com',
    deleteAt: new Date(Date.now() + 20 * HOUR).toISOString(),
  });
  const ready: [string, string, number, Record<string, unknown>?][] = [
    ['login-passkeys', 'octocat', 18 * MINUTE],
    ['api-rate-limits', 'hubot', 2 * HOUR, { from: 'branch' }],
    ['invoice-pdf', 'mona', 5 * HOUR, { warnings: 2 }],
    ['feature-login-8a31f0', 'reviewer', 9 * HOUR, { ref: 'Feature/Login' }],
    ['spring-sale', 'designer', 2 * DAY, { keepUntil: new Date(Date.now() + 6 * DAY + HOUR).toISOString() }],
    ['upgrade-postgres-17', 'hubot', 3 * DAY],
  ];
  for (const [name, who, ms, more] of ready) {
    addEnvironment(world, {
      name,
      phase: 'ready',
      at: ago(ms),
      imageTag: `${name.slice(0, 20)}-${name.length.toString(16)}c07f2`,
      url: `https://${name}.preview.example.com`,
      ...person(who),
      ...more,
    });
  }
  addDetails(world);
  return world;
}

function addDetails(world: World): void {
  for (const { name, phase } of world.environments as { name: string; phase: string }[]) {
    world.live.set(name, toLive(name, phase));
    world.diagnoses.set(name, toDiagnosis(name, phase));
  }
  world.logs.set('checkout-rework', {
    environment: 'checkout-rework',
    at: ago(2_000),
    logs: [
      {
        pod: 'todo-be-6f7d9c5b8-x2kqp',
        container: 'api',
        previous: true,
        why: 'ended with exit code 1 after 2 s; restarted 6 times',
        lines: [
          '2026-11-28T21:40:11Z info  todo-be 4.2.0 starting',
          '2026-11-28T21:40:11Z info  reading configuration from the environment',
          '2026-11-28T21:40:12Z error configuration: DATABASE_URL is not set',
          'Error: configuration is not complete',
          '    at readConfiguration (file:///app/src/config/settings.js:41:11)',
          '    at async main (file:///app/src/main.js:9:18)',
        ],
      },
      {
        pod: 'todo-be-6f7d9c5b8-x2kqp',
        container: 'api',
        previous: false,
        why: 'waits to be started again: CrashLoopBackOff',
        lines: [],
      },
    ],
  });
  world.identities = [
    {
      name: 'kv-dev-1',
      id: `${POOL}kv-dev-1`,
      slots: 20,
      used: 17,
      reserved: 1,
      foreign: 2,
      environments: world.environments.slice(0, 9).map(({ name }) => name),
      listedAt: ago(40_000),
    },
    {
      name: 'kv-dev-2',
      id: `${POOL}kv-dev-2`,
      slots: 20,
      used: 11,
      reserved: 0,
      foreign: 0,
      environments: world.environments.slice(9).map(({ name }) => name),
      listedAt: ago(190_000),
    },
  ];
}

const INVENTORY = [
  ['Deployment', 'todo-be'],
  ['Deployment', 'todo-fe'],
  ['Deployment', 'broadcaster'],
  ['StatefulSet', 'postgres'],
  ['StatefulSet', 'nats'],
  ['Service', 'todo-be'],
  ['Service', 'todo-fe'],
  ['Service', 'postgres'],
  ['Ingress', 'todo'],
  ['ConfigMap', 'nats'],
  ['ServiceAccount', 'postgres-service-account'],
  ['ResourceQuota', 'feature'],
].map(([kind, name]) => ({ apiVersion: 'v1', kind, name }));

function steps(phase: string): Record<string, { state: string; at: string; ms: number }> {
  const from = Date.now() - 90_000;
  const times: [string, number][] = [
    ['guards', 48],
    ['render', 9],
    ['identity', 310],
    ['namespace', 92],
    ['credential', 1_640],
    ['foundation', 420],
    ['workloads', 780],
    ['exposure', 130],
    ['readiness', 31_400],
  ];
  const count = { refused: 1, waiting: 3, provisioning: 6, starting: 8 }[phase] ?? times.length;
  let at = from;
  return Object.fromEntries(
    times.slice(0, count).map(([name, ms]) => {
      const isLast = name === 'readiness' && phase === 'failed';
      const step = { state: isLast ? 'failed' : 'done', at: new Date(at).toISOString(), ms };
      at += ms;
      return [name, step];
    }),
  );
}

function toLive(name: string, phase: string): unknown {
  const objects = INVENTORY.map(({ kind, name: object }) => {
    const isBroken = phase === 'failed' && object === 'todo-be' && kind === 'Deployment';
    const isStarting = phase === 'starting' && kind === 'StatefulSet' && object === 'postgres';
    return {
      kind,
      name: object,
      state: isBroken ? 'failed' : isStarting ? 'starting' : 'ready',
      ...(isBroken && { reason: '0 of 1 replicas available; container api: CrashLoopBackOff' }),
      ...(isStarting && { reason: 'pod postgres-0: pulling image' }),
    };
  });
  const events =
    phase !== 'failed'
      ? []
      : [
          {
            object: 'Pod/todo-be-6f7d9c5b8-x2kqp',
            reason: 'BackOff',
            message: 'Back-off restarting failed container api in pod todo-be-6f7d9c5b8-x2kqp',
            at: ago(25_000),
            count: 14,
          },
        ];
  return {
    namespace: { uid: `uid-of-${name}`, terminating: phase === 'deleting' },
    since: ago(3 * DAY),
    credentials: [`FederatedCredential/kv-dev-1/keyvault-workload-identity-${name}`],
    objects,
    events,
    requested: { cpu: 1.35, memoryGiB: 2.5 },
    cost: { perHour: 0.083, soFar: 5.98 },
  };
}

function toDiagnosis(name: string, phase: string): unknown {
  const links = [
    'workload',
    'pod',
    'pod-environment',
    'service-account',
    'annotation',
    'federated-credential',
    'issuer',
    'subject',
    'audience',
    'managed-identity',
    'key-vault-class',
    'class-client-id',
    'class-tenant-id',
    'mount',
    'key-vault',
  ];
  const chain = links.map((link) => {
    const isBroken = phase === 'failed' && link === 'pod';
    return {
      link,
      object: `ServiceAccount/feature-${name}/postgres-service-account`,
      state: isBroken ? 'broken' : 'ok',
      found: isBroken ? 'CrashLoopBackOff' : 'as it should be',
      expected: isBroken ? 'Running' : 'as it should be',
      ...(isBroken && { fix: 'read the log of container api: it ends before it asks for a token' }),
    };
  });
  return {
    environment: name,
    namespace: `feature-${name}`,
    phase,
    at: ago(1_000),
    verdict: phase === 'failed' ? 'broken' : 'ok',
    chain,
  };
}
