import { readFile } from 'node:fs/promises';
import { createInvoker } from '../local/host/invoke.ts';
import { loadApp } from '../local/host/load-app.ts';

/** A delivery as the worker hands it over. */
export interface ColdDelivery {
  headers: Record<string, string>;
  /** In base64. */
  body: string;
}

// Run as plain JavaScript that cases/cold.ts makes: what the harness itself loads would count on both sides.
const [, , appDir = '', deliveryFile = ''] = process.argv;
const { headers, body } = JSON.parse(await readFile(deliveryFile, 'utf8')) as ColdDelivery;
const app = await loadApp(appDir, () => undefined);
const webhook = app.functions.find(({ name }) => name === 'github-webhook');
if (!webhook) throw new Error('the app has no github-webhook');
const invoker = createInvoker({ app, log: () => undefined, timeoutMs: 60_000, onTimeout: () => process.exit(2) });
const { returnValue } = await invoker.invoke(webhook, {
  reason: 'cold start',
  data: {
    http: {
      method: 'POST',
      url: 'http://127.0.0.1/api/github/webhook',
      headers,
      query: {},
      params: {},
      body: { bytes: Buffer.from(body, 'base64') },
    },
  },
});
process.exit(returnValue?.http?.statusCode === '202' ? 0 : 1);
