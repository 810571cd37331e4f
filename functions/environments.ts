import { app } from '@azure/functions';
import { deps } from '../lib/deps.ts';
import { answerObserved } from '../lib/intake/observed.ts';
import { toResponse } from '../lib/intake/response.ts';
import { answerStatus } from '../lib/intake/status.ts';
import { toLog } from '../lib/log.ts';

app.http('environments', {
  route: 'environments/{name?}',
  methods: ['GET'],
  authLevel: 'function',
  handler: async (request, context) => {
    const log = toLog(context);
    const name = request.params['name'];
    const ifNoneMatch = request.headers.get('if-none-match') ?? undefined;
    const requestId = context.invocationId;
    const isObserved = name === undefined && request.query.get('observed') === '1';
    const answer = isObserved
      ? await answerObserved(deps.observedDeps(log), { ifNoneMatch, requestId })
      : await answerStatus(deps.statusDeps(log), {
          name,
          all: request.query.get('all') === '1',
          live: request.query.get('live') === '1',
          ifNoneMatch,
          requestId,
        });
    return toResponse(answer, request);
  },
});
