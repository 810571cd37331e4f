import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pass } from 'node:timers/promises';
import type { Delivery } from '../../local/github/deliveries.ts';
import { deliver, provision, recordOf, redeliver, untilReady, watch } from './support/app.ts';
import { applyAll, kubectl, list, nodeSetting, until } from './support/cluster.ts';
import { writeSwitchedTree } from '../../local/kustomize/switched-tree.ts';
import { startOutsider, untilReached } from './support/connections.ts';
import { type App, IDENTITY, pushImages, setStage, type Stage } from './support/stage.ts';

const [FIRST, SECOND] = ['first', 'second'] as const;
const BRANCHES = [FIRST, SECOND];
const namespaceOf = (branch: string) => `feature-${branch}`;
/** The second comes in by the Gateway, whose one listener is for HTTPS. */
const urlOf = (branch: string) => `${branch === SECOND ? 'https' : 'http'}://${branch}.${nodeSetting('NODE_DOMAIN')}`;

/** One whole life of the shipped overlays: each test goes on where the one before ended. */
describe('two branches of the example on a real node', () => {
  let stage: Stage;
  const apps = new Map<string, App>();
  let first: Delivery;

  beforeAll(async () => {
    stage = await setStage();
    await pushImages('v1');
    await stage.installGateway();
    apps.set(FIRST, await stage.startApp());
    const manifestsDir = await writeSwitchedTree('gateway');
    apps.set(SECOND, await stage.startApp({ overlays: { manifestsDir, overlays: ['feature', 'azure-feature'] } }));
  }, 240_000);

  function appOf(branch: string): App {
    const app = apps.get(branch);
    if (app === undefined) throw new Error(`no app for ${branch}`);
    return app;
  }

  afterAll(() => stage.stop());

  it('become ready by themselves though Entra learns of their credentials late, and are never called failed', async () => {
    stage.azure.setPropagation(15_000);
    const began = performance.now();
    first = await deliver(appOf(FIRST), 'create', FIRST);
    await deliver(appOf(SECOND), 'create', SECOND);

    const watched = await Promise.all(BRANCHES.map((branch) => untilReady(appOf(branch), branch, 300_000)));

    tell(`ready after ${seconds(began)}, a credential known after 15 s`);
    const said = watched.flatMap((each) => each.said);
    expect(said.filter((line) => line.startsWith('failed') || line.startsWith('refused'))).toEqual([]);
    expect(said).toContainEqual(expect.stringMatching(/starting: .*credential/i));
    for (const branch of BRANCHES) {
      const subject = `system:serviceaccount:${namespaceOf(branch)}:postgres-service-account`;
      const trades = stage.azure.tokenRequests.filter((trade) => trade.subject === subject);
      expect(trades[0]?.code).toMatch(/^AADSTS70021/);
      expect(trades.at(-1)?.code).toBeUndefined();
    }
  }, 320_000);

  it('answer at their own hosts, and no other host leads to them', async () => {
    for (const branch of BRANCHES) {
      expect((await recordOf(appOf(branch), branch))?.url).toBe(urlOf(branch));
      const page = await fetch(`${urlOf(branch)}/`);
      expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('<h1>Todos</h1>')]);
      expect((await fetch(`${urlOf(branch)}/image`)).headers.get('content-type')).toBe('image/svg+xml');
    }
    expect((await fetch(urlOf('third'))).status).toBe(404);
    expect(await list('ingresses', '-n', namespaceOf(SECOND))).toEqual([]);
  });

  it('carry one request from the front end to the webhook, and keep it in the branch’s own database', async () => {
    const text = `buy milk ${Date.now()}`;
    const body = new URLSearchParams({ text });
    const answer = await fetch(`${urlOf(FIRST)}/todos`, { method: 'POST', body, redirect: 'manual' });

    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/']);
    expect(await (await fetch(urlOf(FIRST))).text()).toContain(text);
    expect(await (await fetch(urlOf(SECOND))).text()).not.toContain(text);
    await until('the webhook hears of it', async () => (await outside()).includes(text), { withinMs: 30_000 });
  });

  it('run the cron job’s program, which makes a todo', async () => {
    const namespace = namespaceOf(FIRST);
    const from = ['--from=cronjob/todo-cron', '--dry-run=client', '-o', 'json'];
    const job = JSON.parse(await kubectl('-n', namespace, 'create', 'job', 'by-hand', ...from)) as CronRun;
    const [container] = job.spec.template.spec.containers;
    const url = container?.env.find(({ name }) => name === 'WIKIPEDIA_RANDOM_URL');
    if (url === undefined) throw new Error('the cron job names no article');
    url.value = 'http://httpbin.org/article';
    await applyAll([{ ...job, metadata: { name: 'by-hand', namespace } }]);

    await kubectl('-n', namespace, 'wait', '--for=condition=Complete', 'job/by-hand', '--timeout=90s');
    expect(await (await fetch(urlOf(FIRST))).text()).toContain('Read http://httpbin.org/article');
  }, 120_000);

  it('are touched by no redelivery', async () => {
    const before = await versions(FIRST);
    const handled = (await recordOf(appOf(FIRST), FIRST))?.steps.guards?.at;
    await redeliver(appOf(FIRST), first);

    await until(
      'the redelivery is handled',
      async () => (await recordOf(appOf(FIRST), FIRST))?.steps.guards?.at !== handled,
      {
        withinMs: 60_000,
      },
    );
    await watch(appOf(FIRST), FIRST, ({ phase }) => phase === 'ready', 60_000);
    expect(await versions(FIRST)).toEqual(before);
  }, 150_000);

  it('reach what they need and nothing else, in both directions', async () => {
    const outsider = await startOutsider();
    const own = (branch: string, service: string) => `${service}.${namespaceOf(branch)}`;
    const platform = ['10.96.0.1:443', `${nodeSetting('NODE_ADDRESS')}:6443`, '169.254.169.254:80'];
    const web = 'httpbin.org:80';
    const names = '10.96.0.10:53';
    for (const [here, there] of [BRANCHES, BRANCHES.toReversed()] as [string, string][]) {
      const pod = (name: string, container?: string) => ({
        namespace: namespaceOf(here),
        name,
        ...(container !== undefined && { container }),
      });
      const back = (branch: string) => `${own(branch, 'todo-app-be-svc')}:2506`;
      const database = (branch: string) => `${own(branch, 'postgres-svc')}:5432`;
      const bus = (branch: string) => `${own(branch, 'nats')}:4222`;
      const branches = [back(here), back(there), database(here), database(there), bus(here), bus(there)];
      const all = [...branches, names, web, ...platform];

      await untilReached(pod('deploy/todo-app-fe'), all, [back(here), names, web]);
      // its own service leads back to itself, which a policy does not bind
      const others = all.filter((target) => target !== back(here));
      await untilReached(pod('deploy/todo-app-be'), others, [database(here), bus(here), names]);
      await untilReached(pod('deploy/broadcaster'), all, [bus(here), names, web]);
      // NATS may speak to whatever lets it in, but not to the platform
      const closed = [database(here), database(there), '169.254.169.254:80'];
      await untilReached(pod('nats-0', 'nats-exporter'), [...closed, bus(here)], [bus(here)]);
      // the same addresses from a pod that nothing binds: what is closed above is there, and closed by the policies
      await untilReached(outsider, all, [back(here), back(there), names, web, ...platform]);
    }
  }, 120_000);

  it('are given a new image with no moment at which the URL fails', async () => {
    await pushImages('v2');
    const visitor = visit([`${urlOf(FIRST)}/`, `${urlOf(FIRST)}/be/todos`]);
    const began = performance.now();
    await provision(appOf(FIRST), FIRST, 'v2');

    await watch(appOf(FIRST), FIRST, ({ phase, imageTag }) => phase === 'ready' && imageTag === 'v2');
    tell(`rolled out after ${seconds(began)}`);
    await pass(2_000);
    const { visits, failures } = await visitor.end();

    expect(failures).toEqual([]);
    expect(visits).toBeGreaterThan(20);
    const images = await imagesOf(FIRST);
    expect(images.filter((image) => image.startsWith('kubemooc.azurecr.io/') && !image.endsWith(':v2'))).toEqual([]);
  }, 240_000);

  it('are not called ready while a new pod can’t come up, and serve on meanwhile', async () => {
    await provision(appOf(FIRST), FIRST, 'absent');
    await watch(appOf(FIRST), FIRST, ({ imageTag, phase, waitingOn }) => {
      if (imageTag !== 'absent') return false;
      if (phase === 'ready') throw new Error('called ready with an image that is nowhere');
      return /todo-app-\w+:absent|broadcaster:absent/.test(waitingOn ?? '');
    });
    const phases: string[] = [];
    const end = performance.now() + 6_000;
    while (performance.now() < end) {
      phases.push((await recordOf(appOf(FIRST), FIRST))?.phase ?? 'none');
      expect((await fetch(urlOf(FIRST))).status).toBe(200);
      await pass(300);
    }
    expect(new Set(phases)).not.toContain('ready');

    await provision(appOf(FIRST), FIRST, 'v2');
    await watch(appOf(FIRST), FIRST, ({ phase, imageTag }) => phase === 'ready' && imageTag === 'v2');
  }, 300_000);

  it('leave nothing when they are deleted', async () => {
    const began = performance.now();
    for (const branch of BRANCHES) await deliver(appOf(branch), 'delete', branch);

    await Promise.all(BRANCHES.map((branch) => watch(appOf(branch), branch, ({ phase }) => phase === 'gone', 240_000)));
    tell(`gone after ${seconds(began)}`);
    expect(stage.azure.credentials(IDENTITY)).toEqual([]);
    const namespaces = (await list('namespaces')).map(({ metadata }) => metadata.name);
    expect(namespaces.filter((name) => name.startsWith('feature-'))).toEqual([]);
    await until('volumes and mounts are gone', async () => (await leftOnNode()).length === 0, { withinMs: 60_000 });
  }, 300_000);
});

interface CronRun {
  metadata: object;
  spec: { template: { spec: { containers: { env: { name: string; value: string }[] }[] } } };
}

/** Figures for whoever reads the run. */
const tell = (line: string) => process.stderr.write(`${line}\n`);
const seconds = (since: number) => `${((performance.now() - since) / 1000).toFixed(1)} s`;

/** Every request that left the cluster. */
function outside(): Promise<string> {
  return readFile(join(nodeSetting('NODE'), 'outside.log'), 'utf8');
}

const APPLIED =
  'deployments,statefulsets,cronjobs,services,ingresses,networkpolicies,configmaps,serviceaccounts,limitranges';

/** What was applied, by uid and generation; where a kind counts none, by version. */
async function versions(branch: string): Promise<Record<string, unknown>> {
  const objects = await list(APPLIED, '-n', namespaceOf(branch));
  return Object.fromEntries(
    objects.map(({ kind, metadata }) => [
      `${kind}/${metadata.name}`,
      [metadata.uid, metadata.generation ?? metadata.resourceVersion],
    ]),
  );
}

async function imagesOf(branch: string): Promise<string[]> {
  const pods = await list('pods', '-n', namespaceOf(branch), '--field-selector=status.phase=Running');
  return pods
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .flatMap(({ spec }) => (spec['containers'] as { image: string }[]).map(({ image }) => image));
}

/** Asks for addresses one after the other, like a person who reloads, until it is told to end. */
function visit(urls: readonly string[]): { end(): Promise<{ visits: number; failures: string[] }> } {
  const failures: string[] = [];
  let visits = 0;
  let isOver = false;
  const going = (async () => {
    while (!isOver) {
      for (const url of urls) {
        const status = await fetch(url, { signal: AbortSignal.timeout(10_000) }).then(
          (response) => response.text().then(() => response.status),
          (error: unknown) => String(error),
        );
        visits += 1;
        if (status !== 200) failures.push(`${url}: ${status}`);
      }
      await pass(50);
    }
  })();
  return {
    async end() {
      isOver = true;
      await going;
      return { visits, failures };
    },
  };
}

/** Volumes of claims, their objects, and mounts of pods of branches. */
async function leftOnNode(): Promise<string[]> {
  const volumes = await readdir(join(nodeSetting('NODE'), 'volumes'));
  const objects = (await list('persistentvolumes')).map(({ metadata }) => metadata.name);
  const mounts = (await readFile('/proc/mounts', 'utf8')).split('\n').filter((line) => line.includes('secrets-store'));
  return [...volumes, ...objects, ...mounts];
}
