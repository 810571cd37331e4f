import { connect, type NatsConnection } from '@nats-io/transport-node';
import { json, log, metrics, serve, setting } from '../serve.ts';

/* The broadcaster: sends every event of NATS to a webhook. One of its queue group takes each. */

const webhook = setting('WEBHOOK_URL');
/** Set once NATS is reached: it serves before that. */
const bus: { nats?: NatsConnection } = {};
const counts = { broadcaster_messages_processed_total: 0, broadcaster_webhook_requests_total: 0 };
const connected = () => bus.nats?.isClosed() === false;

serve(Number(setting('PORT')), {
  'GET /healthz': () => json({ status: 'ok' }),
  'GET /health': () => json({ nats: connected() }, connected() ? 200 : 503),
});
serve(Number(setting('METRICS_PORT')), {
  'GET /metrics': () => metrics({ ...counts, broadcaster_nats_connected: connected() ? 1 : 0 }),
});

bus.nats = await connect({ servers: setting('NATS_URL'), waitOnFirstConnect: true, maxReconnectAttempts: -1 });
log('info', 'connected to NATS');
const subscription = bus.nats.subscribe(setting('NATS_SUBJECT'), { queue: setting('NATS_QUEUE_GROUP') });
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void bus.nats?.drain());
for await (const message of subscription) {
  counts.broadcaster_messages_processed_total += 1;
  await send(message.string());
}

/** A webhook that does not answer loses its event: the next one is more use than a queue. */
async function send(body: string): Promise<void> {
  try {
    const response = await fetch(webhook, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body,
      signal: AbortSignal.timeout(10_000),
    });
    await response.body?.cancel();
    counts.broadcaster_webhook_requests_total += 1;
    log('debug', 'told the webhook', { status: response.status });
  } catch (error) {
    log('error', 'the webhook does not answer', { error: (error as Error).message });
  }
}
