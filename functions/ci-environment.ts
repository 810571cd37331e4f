import { app } from '@azure/functions';
import { deps } from '../lib/deps.ts';
import { receiveWorkflow } from '../lib/intake/workflow/workflow.ts';
import { withBody } from '../lib/intake/read-body.ts';
import { toLog } from '../lib/log.ts';

/** A branch's own manifests: 8 MiB as they are, 1 MiB compressed, and what stands around them. */
const MAX_BYTES = 9 * 1024 * 1024;

app.http('ci-environment', {
  route: 'ci/environment',
  methods: ['PUT', 'GET', 'DELETE'],
  // the job's own OIDC token says who asks
  authLevel: 'anonymous',
  handler: async (request, context) => {
    const { invocationId: requestId } = context;
    const { status, body, headers } = await withBody(request, { requestId, maxBytes: MAX_BYTES }, (bytes) =>
      receiveWorkflow(deps.workflowDeps(toLog(context)), {
        method: request.method,
        authorization: request.headers.get('authorization') ?? undefined,
        bytes,
        wait: request.query.get('wait') ?? undefined,
        requestId,
      }),
    );
    return { status, jsonBody: body, ...(headers !== undefined && { headers }) };
  },
});
