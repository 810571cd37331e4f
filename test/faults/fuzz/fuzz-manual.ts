import { randomUUID } from 'node:crypto';
import { readIntakeSettings } from '../../../lib/config.ts';
import type { EnvironmentRequest } from '../../../lib/environment/model/request.ts';
import type { Answer } from '../../../lib/intake/answer.ts';
import { receiveManual } from '../../../lib/intake/manual.ts';
import { createWorld } from '../../support/fakes/world.ts';
import { type Draw, createDraw } from './draw.ts';
import { type FuzzReport, judgeRequest, judgeTold } from './judge.ts';
import { mutateValue } from './values.ts';

const settings = readIntakeSettings({ GITHUB_REPOSITORIES: 'acme/shop' });
const FIELDS = ['branch', 'repository', 'imageTag', 'dryRun', '__proto__', 'dryrun'];

/** Gives mutated bodies to the manual functions, over models of every peer. */
export async function fuzzManual(options: { seed: number; inputs: number; until?: number }): Promise<FuzzReport> {
  const report: FuzzReport = { inputs: 0, statuses: {}, failures: [] };
  for (let n = 0; n < options.inputs && Date.now() < (options.until ?? Infinity); n += 1) {
    const wrong = await tryOne(createDraw(options.seed + n), report);
    report.inputs += 1;
    if (wrong !== undefined) report.failures.push(`seed ${options.seed + n}: ${wrong}`);
  }
  return report;
}

async function tryOne(draw: Draw, report: FuzzReport): Promise<string | undefined> {
  const world = createWorld();
  const sent: EnvironmentRequest[] = [];
  const requests = { send: async (request: EnvironmentRequest) => void sent.push(request) };
  let answer: Answer;
  try {
    answer = await receiveManual(
      {
        settings: () => settings,
        ports: async () => world.ports,
        requests: async () => requests,
        records: async () => world.ports.records,
        cluster: async () => world.ports.cluster,
        clock: { ...world.clock, sleep: () => new Promise(() => undefined) },
        believes: () => true,
        newId: randomUUID,
        log: world.ports.log,
      },
      {
        reason: draw.pick(['provision', 'deprovision']),
        bytes: drawBody(draw),
        statusUrl: 'http://app/api/environments/',
        requestId: 'call',
      },
    );
  } catch (error) {
    return `threw ${String(error)}`;
  }
  const { status } = answer;
  report.statuses[status] = (report.statuses[status] ?? 0) + 1;
  if (![200, 202, 400, 409].includes(status)) return `answered ${status}: ${JSON.stringify(answer.body)}`;
  if (sent.length !== (status === 202 ? 1 : 0)) return `answered ${status} and sent ${sent.length}`;
  const [request] = sent;
  const wrong = request === undefined ? undefined : judgeRequest(request, settings.repositories);
  return wrong ?? judgeTold(answer, world.log);
}

function drawBody(draw: Draw): Uint8Array {
  const body: Record<string, unknown> = { branch: draw.pick(['login', 'Feature/Login', 'main', 'kube-system']) };
  if (draw.chance(0.3)) body['imageTag'] = draw.pick(['v1', '', '-x', 'x'.repeat(129)]);
  if (draw.chance(0.3)) body['dryRun'] = true;
  if (draw.chance(0.3)) body['repository'] = draw.pick(['acme/shop', 'Acme/Shop', 'other/shop', 'shop']);
  for (let times = draw.whole(3); times > 0; times -= 1) mutateValue(draw, body, FIELDS);
  const bytes = Buffer.from(JSON.stringify(body));
  if (draw.chance(0.1)) return bytes.subarray(0, draw.whole(bytes.length + 1));
  if (draw.chance(0.1)) bytes[draw.whole(bytes.length)] = draw.whole(256);
  if (draw.chance(0.05)) return Buffer.from(`\ufeff${bytes.toString()}`);
  return draw.chance(0.05)
    ? Buffer.from(bytes.toString().replace('{', '{"branch":"a","__proto__":{"polluted":1},'))
    : bytes;
}
