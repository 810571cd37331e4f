import { createHmac, randomUUID } from 'node:crypto';
import { readIntakeSettings } from '../../../lib/config.ts';
import type { EnvironmentRequest } from '../../../lib/environment/model/request.ts';
import type { Answer } from '../../../lib/intake/answer.ts';
import { receiveWebhook } from '../../../lib/intake/webhook/webhook.ts';
import { createDraw } from './draw.ts';
import { type FuzzReport, judgeRequest, judgeTold } from './judge.ts';
import { type Input, SECRETS, drawDelivery } from './mutated-delivery.ts';

const settings = readIntakeSettings({ GITHUB_REPOSITORIES: 'acme/shop,acme/api=api' });

/** Gives mutated deliveries to the intake and judges each answer by an oracle of its own. */
export async function fuzzWebhook(options: { seed: number; inputs: number; until?: number }): Promise<FuzzReport> {
  const report: FuzzReport = { inputs: 0, statuses: {}, failures: [] };
  for (let n = 0; n < options.inputs && Date.now() < (options.until ?? Infinity); n += 1) {
    const seed = options.seed + n;
    const wrong = await tryOne(drawDelivery(createDraw(seed)), report);
    report.inputs += 1;
    if (wrong !== undefined) report.failures.push(`seed ${seed}: ${wrong}`);
  }
  return report;
}

async function tryOne(input: Input, report: FuzzReport): Promise<string | undefined> {
  const sent: EnvironmentRequest[] = [];
  const log: string[] = [];
  const write = (message: string, fields: Record<string, unknown> = {}) =>
    void log.push(`${message} ${JSON.stringify(fields)}`);
  let answer: Answer;
  try {
    answer = await receiveWebhook(
      {
        secrets: () => SECRETS,
        settings: () => settings,
        requests: async () => ({ send: async (request) => void sent.push(request) }),
        clock: { now: () => Date.parse('2026-11-23T10:00:00.000Z') },
        newId: randomUUID,
        log: { info: write, warn: write, error: write },
      },
      { header: (name) => input.headers.get(name), bytes: input.body, requestId: 'call' },
    );
  } catch (error) {
    return `threw ${String(error)}`;
  }
  report.statuses[answer.status] = (report.statuses[answer.status] ?? 0) + 1;
  return judgeAnswer(answer, { input, sent }) ?? judgeTold(answer, log);
}

function judgeAnswer(
  { status }: Answer,
  { input, sent }: { input: Input; sent: EnvironmentRequest[] },
): string | undefined {
  if (![200, 202, 400, 401, 413, 415].includes(status)) return `answered ${status}`;
  if (!isSigned(input)) {
    if (status === 200 || status === 202 || sent.length > 0) return `accepted without a valid signature: ${status}`;
    return input.body.length > 0 && status !== 401 ? `answered ${status} to an invalid signature` : undefined;
  }
  if (status === 401) return 'refused a valid signature';
  if (sent.length !== (status === 202 ? 1 : 0)) return `answered ${status} and sent ${sent.length}`;
  const [request] = sent;
  return request === undefined ? undefined : judgeRequest(request, settings.repositories);
}

/** By the header's and the body's own bytes, with nothing of the app's. */
function isSigned({ headers, body }: Input): boolean {
  const given = headers.get('x-hub-signature-256');
  return SECRETS.some((secret) => given === `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`);
}
