import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BlobServiceClient } from '@azure/storage-blob';
import type { EnvironmentRecord } from '../../lib/environment/model/record.ts';
import type { AuditEntry } from '../../lib/environment/ports/audit.ts';
import { deliver, recordOf, untilReady, watch } from './support/app.ts';
import { kubectl, list, until } from './support/cluster.ts';
import { type App, setStage, type Stage } from './support/stage.ts';
import { deployment, servingPod, writeTree } from './support/tree.ts';

const BRANCH = 'stored';
const SAID = /^StatefulSet\/feature-stored\/db: .*unschedulable/;

function databaseTree(): object[] {
  const labels = { app: 'db' };
  const pod = servingPod();
  return [
    {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: { name: 'db' },
      spec: {
        replicas: 1,
        serviceName: 'db',
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: pod },
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'db' },
      spec: { selector: labels, ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
    },
    deployment('web', pod),
  ];
}

describe('a database that loses its room on a real node', () => {
  let stage: Stage;
  let app: App;

  beforeAll(async () => {
    stage = await setStage();
    const settings = { READY_DEADLINE: '40s', INITIAL_IMAGE_TAG: '1.37' };
    app = await stage.startApp({ overlays: await writeTree(databaseTree()), settings });
    await deliver(app, 'create', BRANCH);
    await untilReady(app, BRANCH, 120_000);
  }, 240_000);

  afterAll(async () => {
    await kubectl('uncordon', '-l', 'kubernetes.io/os=linux');
    await stage.stop();
  });

  it('takes the environment back to starting, in the same words everywhere', async () => {
    await kubectl('cordon', '-l', 'kubernetes.io/os=linux');
    await kubectl('-n', 'feature-stored', 'delete', 'pod', 'db-0');
    expect((await fetch(`${app.url}/api/sweep`, { method: 'POST' })).status).toBeLessThan(300);

    const isSaid = ({ phase, waitingOn = '' }: EnvironmentRecord) => phase === 'starting' && SAID.test(waitingOn);
    const { record } = await watch(app, BRANCH, isSaid, 120_000);
    const falls = record.history.filter(({ what }) => what === 'unready');
    expect(falls).toHaveLength(1);
    const why = falls[0]?.why ?? '';
    expect(why).toContain('feature-stored/');
    expect((await trail()).filter(({ action }) => action === 'unready')).toEqual([
      expect.objectContaining({ environment: BRANCH, result: 'done', reason: why }),
    ]);
    const told = await until('GitHub is told', async () =>
      app.github.repositories
        .flatMap(({ deployments = [] }) => deployments.flatMap(({ statuses }) => statuses))
        .find(({ description }) => description.startsWith('Not ready any more: ')),
    );
    expect(told.description.slice(0, 80)).toBe(`Not ready any more: ${why}`.slice(0, 80));
    await until('the list says what the record says', async () => {
      const now = await recordOf(app, BRANCH);
      return now !== undefined && (await listed()) === wordsOf(now);
    });
  }, 300_000);

  it('is called failed after READY_DEADLINE, and told once', async () => {
    const { record } = await watch(app, BRANCH, ({ phase }) => phase === 'failed', 120_000);

    expect(wordsOf(record)).toMatch(SAID);
    expect(record.reasons?.map(({ object }) => object)).toEqual(['StatefulSet/feature-stored/db']);
    expect(record.history.filter(({ what }) => what === 'unready')).toHaveLength(1);
  }, 200_000);

  it('lets the environment become ready by itself once there is room again', async () => {
    await kubectl('uncordon', '-l', 'kubernetes.io/os=linux');
    await untilReady(app, BRANCH, 180_000);
    expect(await list('pods', '-n', 'feature-stored')).toHaveLength(2);
  }, 260_000);

  async function listed(): Promise<string | undefined> {
    const response = await fetch(`${app.url}/api/environments`);
    const { environments } = (await response.json()) as { environments: { name: string; why?: string }[] };
    return environments.find(({ name }) => name === BRANCH)?.why;
  }

  async function trail(): Promise<AuditEntry[]> {
    const container = BlobServiceClient.fromConnectionString(app.storage).getContainerClient('audit');
    const lines: string[] = [];
    for await (const { name } of container.listBlobsFlat())
      lines.push(...(await container.getBlobClient(name).downloadToBuffer()).toString().split('\n'));
    return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as AuditEntry);
  }
});

function wordsOf({ error, waitingOn }: EnvironmentRecord): string {
  return error?.message ?? waitingOn ?? '';
}
