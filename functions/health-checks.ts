import { app } from '@azure/functions';
import { deps } from '../lib/deps.ts';
import { toHttpStatus } from '../lib/diagnosis/health/answer-health.ts';

app.http('health-checks', {
  route: 'health/checks',
  methods: ['GET'],
  authLevel: 'function',
  handler: async () => {
    const answer = await deps.health();
    return { status: toHttpStatus(answer), jsonBody: answer };
  },
});
