import { app } from '@azure/functions';
import { deps } from '../lib/deps.ts';
import { mirrorRoutes } from '../lib/deps/mirror.ts';
import { withBody } from '../lib/intake/read-body.ts';
import { toResponse } from '../lib/intake/response.ts';
import { toLog } from '../lib/log.ts';
import { answerMirror } from '../lib/page/mirror.ts';

app.http('ui-api', {
  route: 'ui-api/{*path}',
  methods: ['GET', 'POST'],
  // App Service has signed the person in; without that every call is refused
  authLevel: 'anonymous',
  handler: async (request, context) => {
    const answer = await withBody(request, { requestId: context.invocationId }, (bytes) =>
      answerMirror(
        { settings: deps.pageSettings, routes: mirrorRoutes(deps, toLog(context)) },
        {
          method: request.method,
          url: request.url,
          path: request.params['path'] ?? '',
          query: new URLSearchParams(request.query),
          header: (name) => request.headers.get(name) ?? undefined,
          body: async () => bytes,
          requestId: context.invocationId,
        },
      ),
    );
    return toResponse(answer, request);
  },
});
