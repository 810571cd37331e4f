import { app } from '@azure/functions';
import { deps } from '../lib/deps.ts';
import { answerPage } from '../lib/page/files.ts';

app.http('openapi', {
  route: 'openapi.json',
  methods: ['GET'],
  authLevel: 'anonymous',
  handler: async (request) =>
    answerPage(deps.pageFiles(), {
      path: 'openapi.json',
      ifNoneMatch: request.headers.get('if-none-match') ?? undefined,
      acceptEncoding: request.headers.get('accept-encoding') ?? undefined,
    }),
});
