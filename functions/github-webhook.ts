import { app } from '@azure/functions';
import { deps } from '../lib/deps.ts';
import { receiveWebhook } from '../lib/intake/webhook/webhook.ts';
import { withBody } from '../lib/intake/read-body.ts';
import { toLog } from '../lib/log.ts';

app.http('github-webhook', {
  route: 'github/webhook',
  methods: ['POST'],
  authLevel: 'anonymous',
  handler: async (request, context) => {
    const { status, body } = await deps.inSpan({ name: 'POST /api/github/webhook', kind: 'server' }, () =>
      withBody(request, { requestId: context.invocationId }, (bytes) =>
        receiveWebhook(deps.webhookDeps(toLog(context)), {
          header: (name) => request.headers.get(name) ?? undefined,
          bytes,
          requestId: context.invocationId,
        }),
      ),
    );
    return { status, jsonBody: body };
  },
});
