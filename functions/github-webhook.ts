import { app } from '@azure/functions';
import { webhookDeps } from '../lib/deps.ts';
import { receiveWebhook } from '../lib/intake/webhook.ts';
import { toLog } from '../lib/log.ts';

app.http('github-webhook', {
  route: 'github/webhook',
  methods: ['POST'],
  authLevel: 'anonymous',
  handler: async (request, context) => {
    const { status, body } = await receiveWebhook(webhookDeps(toLog(context)), {
      header: (name) => request.headers.get(name) ?? undefined,
      // the bytes as they came: text() drops a byte order mark and fixes bad UTF-8, which changes what was signed
      bytes: new Uint8Array(await request.arrayBuffer()),
      requestId: context.invocationId,
    });
    return { status, jsonBody: body };
  },
});
