import { app } from '@azure/functions';
import { deps } from '../lib/deps.ts';
import { answerSweep } from '../lib/sweep/answer-sweep.ts';
import { toLog } from '../lib/log.ts';

app.http('sweep-now', {
  route: 'sweep',
  methods: ['POST'],
  authLevel: 'function',
  handler: async (request, context) => {
    const log = toLog(context);
    const { status, body } = await answerSweep(
      { log, ports: () => deps.portsFor(log) },
      { bytes: new Uint8Array(await request.arrayBuffer()), requestId: context.invocationId },
    );
    return { status, jsonBody: body };
  },
});
