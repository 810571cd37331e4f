import { app } from '@azure/functions';
import { deps } from '../lib/deps.ts';
import { answerHealth } from '../lib/diagnosis/health/answer-health.ts';

app.http('health', {
  route: 'health',
  methods: ['GET'],
  authLevel: 'anonymous',
  handler: async (request) =>
    answerHealth(deps.health, {
      header: (name) => request.headers.get(name) ?? undefined,
      query: request.query,
      checksUrl: `${new URL(request.url).pathname.replace(/\/+$/, '')}/checks`,
    }),
});
