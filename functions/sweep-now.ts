import { app } from '@azure/functions';
import { deps } from '../lib/deps.ts';
import { answerSweep } from '../lib/sweep/answer-sweep.ts';
import { withBody } from '../lib/intake/read-body.ts';
import { toLog } from '../lib/log.ts';

app.http('sweep-now', {
  route: 'sweep',
  methods: ['POST'],
  authLevel: 'function',
  handler: async (request, context) => {
    const log = toLog(context);
    const contentType = request.headers.get('content-type') ?? '';
    const { status, body } = await withBody(request, { requestId: context.invocationId }, (bytes) =>
      answerSweep({ log, ports: () => deps.portsFor(log) }, { bytes, contentType, requestId: context.invocationId }),
    );
    return { status, jsonBody: body };
  },
});
