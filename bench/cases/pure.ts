import { createHmac, randomUUID, timingSafeEqual } from 'node:crypto';
import { decideOnDelivery } from '../../lib/intake/webhook/webhook.ts';
import { readIntakeSettings } from '../../lib/config.ts';
import { newRecord } from '../../lib/environment/model/record-event.ts';
import { renderEnvironment } from '../../lib/environment/steps/render.ts';
import { makeDelivery } from '../../local/github/deliveries.ts';
import { type App, requestFor } from '../app.ts';
import type { Kubectl } from '../kubectl.ts';
import { type Comparison, alternate, timed } from '../measure.ts';

const RENDERS = 50;
const DELIVERIES = 2_000;
const SECRET = 'a secret of the bench alone';

/** What needs no peer: rendering, and deciding on a delivery. */
export async function comparePure(
  { app, kubectl }: { app: App; kubectl: Kubectl },
  rounds: number,
): Promise<Comparison[]> {
  const record = newRecord(requestFor('rendered', 'create'));
  const { overlays, settings } = app.bare;
  const render = async () => {
    for (let times = 0; times < RENDERS; times += 1) renderEnvironment(overlays, { record, settings });
  };
  await render();
  const rendered = await alternate(rounds, {
    ours: async () => (await timed(render)) / RENDERS,
    theirs: () => timed(() => kubectl.render('rendered')),
  });
  const { decide, minimum } = deliveryWork();
  await decide();
  await minimum();
  const decided = await alternate(Math.max(rounds, 15), {
    ours: async () => (await timed(decide)) / DELIVERIES,
    theirs: async () => (await timed(minimum)) / DELIVERIES,
  });
  return [
    { name: 'render of both overlays', against: 'kubectl kustomize and sed', goal: 0.01, ...rendered },
    { name: 'deciding on one delivery', against: 'HMAC and JSON.parse of the bytes', goal: 2, ...decided },
  ];
}

function deliveryWork(): { decide: () => Promise<void>; minimum: () => Promise<void> } {
  const repository = { fullName: 'acme/shop', id: 7, defaultBranch: 'main' };
  const { headers, body } = makeDelivery({ event: 'create', ref: 'ex-c4-e6', repository, secret: SECRET });
  const lower = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  const log = { info: () => {}, warn: () => {}, error: () => {} };
  const settings = readIntakeSettings({ GITHUB_REPOSITORIES: repository.fullName });
  const deps = { secrets: () => [SECRET], settings: () => settings, clock: Date, newId: randomUUID, log };
  const received = { bytes: body, header: (name: string) => lower.get(name), requestId: 'bench' };
  const signature = Buffer.from(lower.get('x-hub-signature-256') ?? '');
  return {
    async decide() {
      for (let times = 0; times < DELIVERIES; times += 1) {
        const decided = decideOnDelivery(deps, received);
        if (!('environment' in decided)) throw new Error(`not decided: ${JSON.stringify(decided)}`);
      }
    },
    async minimum() {
      for (let times = 0; times < DELIVERIES; times += 1) {
        const own = Buffer.from(`sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}`);
        if (!timingSafeEqual(own, signature)) throw new Error('the signature does not fit');
        JSON.parse(body.toString());
      }
    },
  };
}
