import { app } from '@azure/functions';
import { pageFiles } from '../lib/deps/page.ts';
import { answerPage } from '../lib/page/files.ts';

app.http('openapi', {
  route: 'openapi.json',
  methods: ['GET'],
  authLevel: 'anonymous',
  handler: async (request) =>
    answerPage(pageFiles(), {
      path: 'openapi.json',
      ifNoneMatch: request.headers.get('if-none-match') ?? undefined,
    }),
});
