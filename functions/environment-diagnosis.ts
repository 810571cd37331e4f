import { app } from '@azure/functions';
import { deps } from '../lib/deps.ts';
import { answerDiagnosis } from '../lib/diagnosis/answer-diagnosis.ts';
import { toResponse } from '../lib/intake/response.ts';
import { toLog } from '../lib/log.ts';

app.http('environment-diagnosis', {
  route: 'environments/{name}/diagnosis',
  methods: ['GET'],
  authLevel: 'function',
  handler: async (request, context) => {
    const log = toLog(context);
    const answer = await answerDiagnosis(
      { log, records: deps.records, ports: () => deps.portsFor(log) },
      { name: request.params['name'], requestId: context.invocationId },
    );
    return toResponse(answer, request);
  },
});
