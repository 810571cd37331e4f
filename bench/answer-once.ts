import { HttpRequest, InvocationContext } from '@azure/functions';
import { makeDelivery } from '../local/github/deliveries.ts';
import { loadApp } from '../local/host/load-app.ts';

const SECRET = 'a secret of the bench alone';

process.env['GITHUB_REPOSITORIES'] = 'acme/shop';
process.env['GITHUB_WEBHOOK_SECRET'] = SECRET;
const repository = { fullName: 'acme/shop', id: 7, defaultBranch: 'main' };
const { headers, body } = makeDelivery({ event: 'create', ref: 'cold', repository, secret: SECRET });
const app = await loadApp(process.argv[2] ?? '', () => undefined);
const webhook = app.functions.find(({ name }) => name === 'github-webhook');
const request = new HttpRequest({
  method: 'POST',
  url: 'http://127.0.0.1/api/github/webhook',
  headers,
  body: { bytes: body },
});
const answer = (await webhook?.callback(request, new InvocationContext({ functionName: 'github-webhook' }))) as
  { status?: number } | undefined;
process.exit(answer?.status === 202 ? 0 : 1);
