import { app } from '@azure/functions';
import { deps } from '../lib/deps.ts';
import { toResponse } from '../lib/intake/response.ts';
import { toLog } from '../lib/log.ts';
import { answerIdentities } from '../lib/page/answer-identities.ts';

app.http('identities', {
  route: 'identities',
  methods: ['GET'],
  authLevel: 'function',
  handler: async (request, context) => {
    const log = toLog(context);
    const answer = await answerIdentities({ slots: deps.identitySlots, log }, context.invocationId);
    return toResponse(answer, request);
  },
});
