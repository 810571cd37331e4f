import { app } from '@azure/functions';
import { deps } from '../lib/deps.ts';
import { toResponse } from '../lib/intake/response.ts';
import { toLog } from '../lib/log.ts';
import { answerLogs } from '../lib/page/answer-logs.ts';

app.http('environment-logs', {
  route: 'environments/{name}/logs',
  methods: ['GET'],
  authLevel: 'function',
  handler: async (request, context) => {
    const call = { name: request.params['name'], requestId: context.invocationId };
    const answer = await answerLogs(deps.logsDeps(toLog(context)), call);
    return toResponse(answer, request);
  },
});
