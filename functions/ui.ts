import { app } from '@azure/functions';
import { deps } from '../lib/deps.ts';
import { answerPage } from '../lib/page/files.ts';

app.http('ui', {
  route: 'ui/{*path}',
  methods: ['GET'],
  authLevel: 'anonymous',
  handler: async (request) =>
    answerPage(deps.pageFiles(), {
      path: request.params['path'] ?? '',
      ifNoneMatch: request.headers.get('if-none-match') ?? undefined,
      acceptEncoding: request.headers.get('accept-encoding') ?? undefined,
    }),
});
