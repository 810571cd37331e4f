import { app } from '@azure/functions';
import { deps } from '../lib/deps.ts';
import { receiveWorkflow } from '../lib/intake/workflow/workflow.ts';
import { toLog } from '../lib/log.ts';

app.http('ci-environment', {
  route: 'ci/environment',
  methods: ['PUT', 'GET', 'DELETE'],
  // the job's own OIDC token says who asks
  authLevel: 'anonymous',
  handler: async (request, context) => {
    const { status, body, headers } = await receiveWorkflow(deps.workflowDeps(toLog(context)), {
      method: request.method,
      authorization: request.headers.get('authorization') ?? undefined,
      bytes: new Uint8Array(await request.arrayBuffer()),
      wait: request.query.get('wait') ?? undefined,
      requestId: context.invocationId,
    });
    return { status, jsonBody: body, ...(headers !== undefined && { headers }) };
  },
});
