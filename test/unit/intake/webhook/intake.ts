import { randomUUID } from 'node:crypto';
import { readIntakeSettings, readWebhookSecrets } from '../../../../lib/config.ts';
import type { EnvironmentRequest } from '../../../../lib/environment/model/request.ts';
import { ProvisionerError } from '../../../../lib/errors.ts';
import { receiveWebhook } from '../../../../lib/intake/webhook/webhook.ts';
import { type Delivery, type DeliveryOptions, makeDelivery } from '../../../../local/github/deliveries.ts';

export const SECRET = 'a secret of more than 16 bytes';
export const repository = { fullName: 'acme/shop', id: 42, defaultBranch: 'trunk' };

/** The intake over a queue that keeps what it is sent, and a log that can be read. */
export function intake(settings: Record<string, string> = {}) {
  const environment = { GITHUB_REPOSITORIES: 'acme/shop,acme/api=api', GITHUB_WEBHOOK_SECRET: SECRET, ...settings };
  const sent: EnvironmentRequest[] = [];
  const log: string[] = [];
  const write = (message: string, fields?: Record<string, unknown>) =>
    void log.push(`${message} ${JSON.stringify(fields)}`);
  let reachable = true;
  return {
    sent,
    log,
    cut: () => void (reachable = false),
    async receive({ headers, body }: { headers: Record<string, string>; body: Buffer }) {
      const byName = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
      return receiveWebhook(
        {
          secrets: () => readWebhookSecrets(environment),
          settings: () => readIntakeSettings(environment),
          requests: async () => ({
            async send(request) {
              if (!reachable) throw new ProvisionerError('unavailable', 'no queue');
              sent.push(request);
            },
          }),
          clock: { now: () => Date.parse('2026-11-23T10:00:00.000Z') },
          newId: randomUUID,
          log: { info: write, warn: write, error: write },
        },
        { header: (name) => byName.get(name), bytes: body, requestId: 'call-1' },
      );
    },
  };
}

/** A delivery of the repository that is configured, signed with the secret that counts. */
export const delivery = (options: Partial<DeliveryOptions> = {}): Delivery =>
  makeDelivery({ event: 'create', secret: SECRET, ref: 'ex-c4-e6', repository, ...options });
