import { setTimeout as pass } from 'node:timers/promises';
import type { EnvironmentRecord } from '../../lib/environment/model/record.ts';
import { type Delivery, type DeliveryOptions, makeDelivery } from '../github/deliveries.ts';
import type { Stage } from './stage.ts';

export interface Answered {
  status: number;
  body: { outcome?: string; environment?: string; reason?: string; guard?: string };
  ms: number;
}

export function branchDelivery(
  stage: Stage,
  options: Pick<DeliveryOptions, 'event' | 'ref'> & Partial<DeliveryOptions>,
): Delivery {
  return makeDelivery({ secret: stage.secret, repository: stage.repository, ...options });
}

/** Sends what GitHub would. */
export async function deliver(stage: Stage, delivery: Delivery): Promise<Answered> {
  return post(`${stage.url}/api/github/webhook`, { headers: delivery.headers, body: new Uint8Array(delivery.body) });
}

/** Asks as a person would. */
export async function ask(stage: Stage, reason: 'provision' | 'deprovision', body: object): Promise<Answered> {
  return post(`${stage.url}/api/${reason}`, {
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
}

async function post(url: string, init: RequestInit): Promise<Answered> {
  const from = performance.now();
  const response = await fetch(url, { method: 'POST', ...init });
  const body = (await response.json()) as Answered['body'];
  return { status: response.status, body, ms: Math.round(performance.now() - from) };
}

export async function readRecord(stage: Stage, slug: string): Promise<EnvironmentRecord | undefined> {
  const response = await fetch(`${stage.url}/api/environments/${slug}`);
  return response.ok ? ((await response.json()) as EnvironmentRecord) : undefined;
}

/** Looks at the record until it is as wanted, or the time is over; tells of each phase on the way. */
export async function waitFor(
  stage: Stage,
  wait: {
    slug: string;
    until: (record: EnvironmentRecord) => boolean;
    onPhase?: (record: EnvironmentRecord) => void;
    withinMs?: number;
  },
): Promise<EnvironmentRecord | undefined> {
  const deadline = performance.now() + (wait.withinMs ?? 60_000);
  let shown: string | undefined;
  for (;;) {
    const record = await readRecord(stage, wait.slug);
    if (record !== undefined && record.phase !== shown) {
      shown = record.phase;
      wait.onPhase?.(record);
    }
    if (record !== undefined && wait.until(record)) return record;
    if (performance.now() > deadline) return record;
    await pass(100);
  }
}

interface Seen {
  uid: string;
  resourceVersion: string;
  terminating: boolean;
}

/** The namespace as the cluster states it; undefined where there is none. */
export async function lookAtNamespace(stage: Stage, name: string): Promise<Seen | undefined> {
  const answer = await stage.cluster({
    method: 'GET',
    path: `/api/v1/namespaces/${name}`,
    object: `Namespace/${name}`,
    expect: [404],
  });
  if (answer.status === 404) return undefined;
  const { metadata } = answer.body as {
    metadata: { uid: string; resourceVersion: string; deletionTimestamp?: string };
  };
  const { uid, resourceVersion, deletionTimestamp } = metadata;
  return { uid, resourceVersion, terminating: deletionTimestamp !== undefined };
}

export async function listEnvironmentNamespaces(stage: Stage): Promise<string[]> {
  const answer = await stage.cluster({ method: 'GET', path: '/api/v1/namespaces', object: 'namespaces' });
  const { items } = answer.body as { items: { metadata: { name: string } }[] };
  return items.map(({ metadata }) => metadata.name).filter((name) => name.startsWith('feature-demo-'));
}

/** Makes a namespace as somebody else would. */
export async function makeForeignNamespace(stage: Stage, name: string): Promise<void> {
  const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels: { team: 'payments' } } };
  const object = `Namespace/${name}`;
  await stage.cluster({ method: 'POST', path: '/api/v1/namespaces', body, object, expect: [409] });
}

export async function deleteNamespace(stage: Stage, name: string): Promise<void> {
  const object = `Namespace/${name}`;
  await stage.cluster({ method: 'DELETE', path: `/api/v1/namespaces/${name}`, object, expect: [404] });
}
