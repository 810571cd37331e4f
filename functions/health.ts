import { app } from '@azure/functions';
import { health } from '../lib/deps.ts';

app.http('health', {
  route: 'health',
  methods: ['GET'],
  authLevel: 'anonymous',
  handler: async () => {
    const answer = await health();
    return { status: answer.status === 'down' ? 503 : 200, jsonBody: answer };
  },
});
