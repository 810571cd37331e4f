import { app } from '@azure/functions';
import { statusDeps } from '../lib/deps.ts';
import { answerStatus } from '../lib/intake/status.ts';
import { toLog } from '../lib/log.ts';

app.http('environments', {
  route: 'environments/{name?}',
  methods: ['GET'],
  authLevel: 'function',
  handler: async (request, context) => {
    const { status, body, headers } = await answerStatus(statusDeps(toLog(context)), {
      name: request.params['name'],
      all: request.query.get('all') === '1',
      live: request.query.get('live') === '1',
      ifNoneMatch: request.headers.get('if-none-match') ?? undefined,
      requestId: context.invocationId,
    });
    return { status, ...(status !== 304 && { jsonBody: body }), ...(headers !== undefined && { headers }) };
  },
});
