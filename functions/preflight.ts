import { app } from '@azure/functions';
import { deps } from '../lib/deps.ts';

app.http('preflight', {
  route: 'preflight',
  methods: ['GET'],
  authLevel: 'function',
  handler: async (request) => ({
    status: 200,
    jsonBody: await deps.preflight({ write: request.query.get('write') === '1' }),
  }),
});
