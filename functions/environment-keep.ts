import { app } from '@azure/functions';
import { deps } from '../lib/deps.ts';
import { receiveKeep } from '../lib/intake/keep.ts';
import { withBody } from '../lib/intake/read-body.ts';
import { toLog } from '../lib/log.ts';

app.http('environment-keep', {
  route: 'environments/{name}/keep',
  methods: ['POST'],
  authLevel: 'function',
  handler: async (request, context) => {
    const { status, body, headers } = await withBody(request, { requestId: context.invocationId }, (bytes) =>
      receiveKeep(deps.keepDeps(toLog(context)), {
        name: request.params['name'] ?? '',
        bytes,
        contentType: request.headers.get('content-type') ?? '',
        statusUrl: '/api/environments/',
        requestId: context.invocationId,
      }),
    );
    return { status, jsonBody: body, ...(headers !== undefined && { headers }) };
  },
});
