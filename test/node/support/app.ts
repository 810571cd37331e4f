import type { EnvironmentRecord } from '../../../lib/environment/model/record.ts';
import { type Delivery, makeDelivery } from '../../../local/github/deliveries.ts';
import { until } from './cluster.ts';
import type { App } from './stage.ts';

/** Sends the delivery that GitHub sends for a new or a deleted branch, which its API knows of, or no longer. */
export async function deliver(app: App, event: 'create' | 'delete', ref: string): Promise<Delivery> {
  const [repository] = app.github.repositories;
  if (repository === undefined) throw new Error('no repository');
  repository.branches = repository.branches.filter((branch) => branch !== ref);
  if (event === 'create') repository.branches.push(ref);
  const delivery = makeDelivery({ event, ref, secret: app.secret, repository: app.repository });
  await redeliver(app, delivery);
  return delivery;
}

export async function redeliver(app: App, { headers, body }: Delivery): Promise<void> {
  const response = await fetch(`${app.url}/api/github/webhook`, {
    method: 'POST',
    headers,
    body: new Uint8Array(body),
  });
  if (response.status !== 202)
    throw new Error(`the delivery was answered ${response.status}: ${await response.text()}`);
}

/** As a workflow does that has pushed an image. */
export async function provision(app: App, branch: string, imageTag: string): Promise<void> {
  const response = await fetch(`${app.url}/api/provision`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ branch, imageTag }),
  });
  if (response.status !== 202) throw new Error(`provision was answered ${response.status}: ${await response.text()}`);
}

export async function recordOf(app: App, slug: string): Promise<EnvironmentRecord | undefined> {
  const response = await fetch(`${app.url}/api/environments/${slug}`);
  return response.ok ? ((await response.json()) as EnvironmentRecord) : undefined;
}

/** Watches a record until it is as wanted; gives it with all that it said on the way. */
export async function watch(
  app: App,
  slug: string,
  wanted: (record: EnvironmentRecord) => boolean,
  withinMs = 180_000,
): Promise<{ record: EnvironmentRecord; said: string[] }> {
  const said: string[] = [];
  const record = await until(
    `${slug} is as wanted`,
    async () => {
      const seen = await recordOf(app, slug);
      if (seen === undefined) return undefined;
      const words = seen.error?.message ?? seen.refused?.reason ?? seen.waitingOn ?? '';
      const line = `${seen.phase}: ${words}`;
      if (said.at(-1) !== line) said.push(line);
      return wanted(seen) ? seen : undefined;
    },
    { withinMs, seen: () => `${said.join('\n  ')}\n${app.log.slice(-15).join('\n')}` },
  );
  return { record, said };
}

export function untilReady(app: App, slug: string, withinMs?: number) {
  return watch(app, slug, ({ phase }) => phase === 'ready', withinMs);
}
