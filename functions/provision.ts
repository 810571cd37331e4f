import { app } from '@azure/functions';
import { deps } from '../lib/deps.ts';
import { receiveManual } from '../lib/intake/manual.ts';
import { withBody } from '../lib/intake/read-body.ts';
import { toLog } from '../lib/log.ts';

app.http('provision', {
  route: 'provision',
  methods: ['POST'],
  authLevel: 'function',
  handler: async (request, context) => {
    const { status, body, headers } = await withBody(request, { requestId: context.invocationId }, (bytes) =>
      receiveManual(deps.manualDeps(toLog(context)), {
        reason: 'provision',
        bytes,
        contentType: request.headers.get('content-type') ?? '',
        statusUrl: new URL('environments/', request.url).pathname,
        requestId: context.invocationId,
      }),
    );
    return { status, jsonBody: body, ...(headers !== undefined && { headers }) };
  },
});
