import { createHmac } from 'node:crypto';
import { makeDelivery, type DeliveryOptions } from '../../../local/github/deliveries.ts';
import type { Draw } from './draw.ts';
import { drawValue, mutateValue } from './values.ts';

export const SECRETS = ['planted-secret-webhook', 'planted-secret-webhook-of-before'] as const;

export interface Input {
  headers: Map<string, string>;
  body: Buffer;
}

const FIELDS = [
  'ref',
  'ref_type',
  'master_branch',
  'repository',
  'deleted',
  'created',
  'before',
  'after',
  'head_commit',
];
const READ = ['id', 'full_name', 'default_branch', 'master_branch', 'pushed_at', 'owner', 'name'];
const REFS = ['login', 'Feature/Login', 'main', 'kube-system', 'a'.repeat(80)];
const REPOSITORY = { fullName: 'acme/shop', id: 42, defaultBranch: 'main' };

const EVENTS = ['create', 'delete', 'push', 'ping'] as const satisfies DeliveryOptions['event'][];

interface Base {
  event: string;
  headers: [string, string][];
  json: string;
}

/** GitHub's own payloads: whole, and without the most of them that is never read and only costs time. */
const BASES: { whole: Base[]; lean: Base[] } = {
  whole: EVENTS.map((event) => makeBase(event, () => undefined)),
  lean: EVENTS.map((event) => makeBase(event, trim)),
};

function makeBase(event: DeliveryOptions['event'], edit: (payload: Record<string, unknown>) => void): Base {
  const { headers, body } = makeDelivery({ event, secret: SECRETS[0], repository: REPOSITORY, edit });
  const lower = Object.entries(headers).map(([name, value]): [string, string] => [name.toLowerCase(), value]);
  return { event, headers: lower, json: body.toString() };
}

function trim(payload: Record<string, unknown>): void {
  for (const key of ['sender', 'commits', 'organization', 'installation', 'pusher', 'hook']) delete payload[key];
  const repository = payload['repository'] as Record<string, unknown>;
  for (const key of Object.keys(repository)) if (!READ.includes(key)) delete repository[key];
}

/** A delivery of GitHub's, mutated in its values, its text, its bytes, its headers and its signature, or in none. */
export function drawDelivery(draw: Draw): Input {
  const base = draw.pick(draw.chance(0.02) ? BASES.whole : BASES.lean);
  const payload = JSON.parse(base.json) as Record<string, unknown>;
  if (base.event === 'push') payload['deleted'] = draw.chance(0.3);
  if (base.event !== 'ping') payload['ref'] = (base.event === 'push' ? 'refs/heads/' : '') + draw.pick(REFS);
  for (let times = draw.whole(3); times > 0; times -= 1) mutateValue(draw, payload, FIELDS);
  const headers = new Map(base.headers);
  const isForm = draw.chance(0.2);
  if (isForm) headers.set('content-type', 'application/x-www-form-urlencoded');
  const json = JSON.stringify(payload);
  let body: Buffer = Buffer.from(isForm ? `payload=${encodeURIComponent(json.toWellFormed())}` : json);
  if (draw.chance(0.25)) body = mutateText(draw, body, isForm);
  if (draw.chance(0.2)) body = mutateBytes(draw, body);
  if (draw.chance(0.3)) mutateHeaders(draw, headers);
  sign(draw, { headers, body });
  return { headers, body };
}

function mutateText(draw: Draw, body: Buffer, isForm: boolean): Buffer {
  const text = body.toString();
  const changed = draw.pick<() => string>([
    () => `\ufeff${text}`,
    () => `${text}\n${text}`,
    () => text.replace('"ref":', `"ref":${JSON.stringify(drawValue(draw, 9))},"ref":`),
    () => text.replace('{', '{"__proto__":{"ref":"polluted","polluted":true},'),
    () => text.replace('"repository":{', '"repository":null,"repository":{'),
    () => text.replaceAll('"', draw.pick(["'", '"', '\\"'])),
    () => text.replace(/"ref":"[^"]*"/, '"ref":"a\\ud800"'),
    () => '['.repeat(draw.whole(draw.chance(0.02) ? 1_000_000 : 500)),
    () => `${'{"a":'.repeat(draw.whole(draw.chance(0.02) ? 150_000 : 500))}1`,
    () => text.slice(0, draw.whole(text.length + 1)),
    () => JSON.stringify(drawValue(draw)),
    () => (isForm ? `${text}&${text}` : `payload=${encodeURIComponent(text)}`),
    () => (isForm ? text.replaceAll('%22', draw.pick(['%', '%zz', '%ff', '+', '%00'])) : text),
    () => (isForm ? text.replace('payload=', draw.pick(['Payload=', 'payload[]=', '&payload=', 'payload=+'])) : text),
    () => '',
  ])();
  return Buffer.from(changed);
}

function mutateBytes(draw: Draw, body: Buffer): Buffer {
  const bytes = Buffer.from(body);
  for (let times = 1 + draw.whole(4); times > 0 && bytes.length > 0; times -= 1) {
    bytes[draw.whole(bytes.length)] = draw.whole(256);
  }
  return draw.chance(0.1) ? Buffer.concat([bytes, Buffer.from([0xff, 0xfe, 0x00])]) : bytes;
}

function mutateHeaders(draw: Draw, headers: Map<string, string>): void {
  const name = draw.pick([...headers.keys()]);
  const value = headers.get(name) ?? '';
  const changed = draw.pick<string | undefined>([
    undefined,
    '',
    `${value}, ${value}`,
    value.toUpperCase(),
    ` ${value} `,
    `${value}; charset=utf-16`,
    'application/x-www-form-urlencoded',
    'application/json',
    'text/plain',
    'create',
    'delete',
    'push',
    'workflow_run',
    '__proto__',
    'x'.repeat(500),
  ]);
  if (changed === undefined) headers.delete(name);
  else headers.set(name, changed);
}

/** Right as often as not: what is wrong elsewhere must be met by a right signature too. */
function sign(draw: Draw, { headers, body }: Input): void {
  const name = 'x-hub-signature-256';
  const by = (secret: string): string => createHmac('sha256', secret).update(body).digest('hex');
  const kind = draw.whole(16);
  if (kind < 9) headers.set(name, `sha256=${by(draw.pick(SECRETS))}`);
  else if (kind === 9) headers.set(name, `sha256=${by('another secret altogether')}`);
  else if (kind === 10) headers.set(name, `sha1=${by(SECRETS[0])}`);
  else if (kind === 11) headers.set(name, `sha256=${by(SECRETS[0]).slice(0, draw.whole(64))}`);
  else if (kind === 12) headers.set(name, `sha256=${by('')}`);
  else if (kind === 13)
    headers.set(name, draw.pick(['sha256=', 'sha256', '0', `sha256=${'0'.repeat(64)}`, 'undefined']));
  else if (kind === 14) headers.delete(name);
}
