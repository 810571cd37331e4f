import { app } from '@azure/functions';
import { deps } from '../lib/deps.ts';
import { receiveManual } from '../lib/intake/manual.ts';
import { toLog } from '../lib/log.ts';

app.http('provision', {
  route: 'provision',
  methods: ['POST'],
  authLevel: 'function',
  handler: async (request, context) => {
    const { status, body, headers } = await receiveManual(deps.manualDeps(toLog(context)), {
      reason: 'provision',
      bytes: new Uint8Array(await request.arrayBuffer()),
      contentType: request.headers.get('content-type') ?? '',
      statusUrl: new URL('environments/', request.url).pathname,
      requestId: context.invocationId,
    });
    return { status, jsonBody: body, ...(headers !== undefined && { headers }) };
  },
});
