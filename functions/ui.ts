import { app } from '@azure/functions';
import { pageFiles } from '../lib/deps/page.ts';
import { answerPage } from '../lib/page/files.ts';

app.http('ui', {
  route: 'ui/{*path}',
  methods: ['GET'],
  authLevel: 'anonymous',
  handler: async (request) =>
    answerPage(pageFiles(), {
      path: request.params['path'] ?? '',
      ifNoneMatch: request.headers.get('if-none-match') ?? undefined,
    }),
});
