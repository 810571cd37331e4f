import { app } from '@azure/functions';
import { deps } from '../lib/deps.ts';
import { receiveWebhook } from '../lib/intake/webhook.ts';
import { toLog } from '../lib/log.ts';

app.http('github-webhook', {
  route: 'github/webhook',
  methods: ['POST'],
  authLevel: 'anonymous',
  handler: async (request, context) => {
    // the bytes as they came: text() drops a byte order mark and fixes bad UTF-8, which changes what was signed
    const bytes = new Uint8Array(await request.arrayBuffer());
    const { status, body } = await deps.inSpan({ name: 'POST /api/github/webhook', kind: 'server' }, () =>
      receiveWebhook(deps.webhookDeps(toLog(context)), {
        header: (name) => request.headers.get(name) ?? undefined,
        bytes,
        requestId: context.invocationId,
      }),
    );
    return { status, jsonBody: body };
  },
});
