import { createHmac, randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';

/** A webhook delivery as GitHub sends it; `body` is what the signature is over. */
export interface Delivery {
  headers: Record<string, string>;
  body: Buffer;
}

export interface DeliveryOptions {
  event: 'create' | 'delete' | 'push' | 'ping';
  secret: string;
  /** The branch, without `refs/heads/`; for a ping it is not used. */
  ref?: string;
  /** `tag` makes a tag event. */
  refType?: 'branch' | 'tag';
  repository?: { fullName: string; id: number; defaultBranch: string };
  /** Ms since the epoch; now when left out. */
  pushedAt?: number;
  /** A redelivery bears the id of the first one. */
  deliveryId?: string;
  /** Of a push. */
  sha?: string;
  /** Of a push: whether it deletes the branch. */
  deleted?: boolean;
  /** GitHub's other content type puts the JSON in the form field `payload`, and signs the form. */
  contentType?: 'json' | 'form';
  /** Changes the payload before it is signed. */
  edit?: (payload: Record<string, unknown>) => void;
}

interface Example {
  name: string;
  examples: Record<string, unknown>[];
}

const NO_COMMIT = '0'.repeat(40);

/** Makes a signed delivery from GitHub's own example payloads. */
export function makeDelivery(options: DeliveryOptions): Delivery {
  const payload = examplePayload(options.event);
  const pushedAt = options.pushedAt ?? Date.now();
  const { ref = 'feature', refType = 'branch', repository } = options;
  if (options.event !== 'ping') applyRef(payload, { ...options, ref, refType, repository });
  applyRepository(payload, { event: options.event, repository, pushedAt });
  options.edit?.(payload);
  const json = JSON.stringify(payload);
  const isForm = options.contentType === 'form';
  const body = Buffer.from(isForm ? new URLSearchParams({ payload: json }).toString() : json);
  return {
    headers: {
      'Content-Type': isForm ? 'application/x-www-form-urlencoded' : 'application/json',
      'User-Agent': 'GitHub-Hookshot/044aadd',
      'X-GitHub-Event': options.event,
      'X-GitHub-Delivery': options.deliveryId ?? randomUUID(),
      'X-Hub-Signature-256': signBody(body, options.secret),
    },
    body,
  };
}

/** The X-Hub-Signature-256 of a body. */
export function signBody(body: Buffer, secret: string): string {
  return `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
}

function examplePayload(event: string): Record<string, unknown> {
  // the package holds a JSON file alone, which an import would need an attribute for on every Node
  const all = createRequire(import.meta.url)('@octokit/webhooks-examples') as Example[];
  const examples = all.find(({ name }) => name === event)?.examples ?? [];
  const payload = examples.find((example) => 'repository' in example);
  if (payload === undefined) throw new Error(`GitHub's examples hold no ${event}`);
  return structuredClone(payload);
}

function applyRef(
  payload: Record<string, unknown>,
  options: DeliveryOptions & { ref: string; refType: 'branch' | 'tag' },
): void {
  const {
    event,
    ref,
    refType,
    repository,
    deleted = false,
    sha = '6113728f27ae82c7b1a177c8d03f9e96e0adf246',
  } = options;
  if (event === 'push') {
    payload['ref'] = `refs/${refType === 'tag' ? 'tags' : 'heads'}/${ref}`;
    payload['deleted'] = deleted;
    payload['created'] = false;
    payload['before'] = deleted ? sha : payload['before'];
    payload['after'] = deleted ? NO_COMMIT : sha;
    return;
  }
  payload['ref'] = ref;
  payload['ref_type'] = refType;
  if (event === 'create') payload['master_branch'] = repository?.defaultBranch ?? 'main';
}

function applyRepository(
  payload: Record<string, unknown>,
  options: Pick<DeliveryOptions, 'event' | 'repository'> & { pushedAt: number },
): void {
  const { event, repository: wanted, pushedAt } = options;
  const repository = payload['repository'] as Record<string, unknown>;
  // ISO text in create and delete, epoch seconds in push
  repository['pushed_at'] =
    event === 'push' ? Math.floor(pushedAt / 1000) : new Date(pushedAt).toISOString().replace(/\.\d+Z$/, 'Z');
  if (wanted === undefined) return;
  const [owner = '', name = ''] = wanted.fullName.split('/');
  repository['id'] = wanted.id;
  repository['name'] = name;
  repository['full_name'] = wanted.fullName;
  repository['default_branch'] = wanted.defaultBranch;
  const person = repository['owner'] as Record<string, unknown>;
  person['login'] = owner;
  person['name'] = owner;
}
