import type { Body } from '../objects/apply.ts';
import { ApiFault, badRequest, noSuchResource, unauthorized } from './api-errors.ts';
import {
  ADD_ON_KINDS,
  type Definition,
  KINDS,
  type Kind,
  apiVersionOf,
  discoveryOf,
  groupsOf,
  kindOf,
  kindsOfDefinition,
} from '../objects/kinds.ts';
import type { Place } from '../objects/objects.ts';
import { type Right, type Verb, checkRights, isAllowed } from '../control/authorization.ts';
import { type Route, parseRoute } from './route.ts';
import { parseSelector } from './selectors.ts';
import { apply, create, existing, merge, remove, removeAll, writePart } from './verbs.ts';
import type { World, Write, Written } from '../objects/write.ts';
import { listOf, viewOf } from './representation.ts';

export interface Ask {
  /** Undefined if no user has this token. */
  user: string | undefined;
  method: string;
  path: string;
  query: URLSearchParams;
  accept: string;
  contentType: string;
  body: string;
}

export interface Result {
  status: number;
  body: unknown;
  headers?: Record<string, string>;
}

const NOT_A_PATH: Result = { status: 404, body: '404 page not found\n', headers: { 'content-type': 'text/plain' } };

/** Answers one call; throws ApiFault for what is not a success. */
export function handle(world: World, ask: Ask): Result {
  if (ask.user === undefined) throw unauthorized();
  const served = servedKinds(world);
  if (ask.path === ACCESS_REVIEWS && ask.method === 'POST') return review(world, ask.user, ask.body);
  const document = discover(served, ask.path);
  if (document) return document;
  const route = parseRoute(served, ask.path);
  const place = { kind: route.kind, ...(route.namespace && { namespace: route.namespace }), name: route.name ?? '' };
  if (ask.method === 'GET') return read(world, ask, { user: ask.user, route, place });
  const written = change(world, ask, { user: ask.user, route, place });
  return { status: written.status, body: viewOf(written.object, ask.accept) };
}

const DEFINITION = kindOf('apiextensions.k8s.io/v1', 'CustomResourceDefinition');

function servedKinds({ objects, behaviour }: World): Kind[] {
  const defined = objects.list(DEFINITION).flatMap(({ spec }) => kindsOfDefinition(spec as Definition));
  return [...KINDS, ...(behaviour.addOns ? ADD_ON_KINDS : []), ...defined];
}

const ACCESS_REVIEWS = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';

function review(world: World, user: string, text: string): Result {
  const body = parseBody(text);
  const { resourceAttributes = {} } = (body['spec'] ?? {}) as { resourceAttributes?: Partial<Right> };
  const allowed = isAllowed(world.objects, user, { verb: '', ...resourceAttributes });
  return { status: 201, body: { ...body, status: { allowed } } };
}

function discover(served: Kind[], path: string): Result | undefined {
  if (path === '/readyz' || path === '/healthz') return { status: 200, body: 'ok' };
  if (path === '/version') return { status: 200, body: { major: '1', minor: '35', gitVersion: 'v1.35.0-stand-in' } };
  if (path === '/api') return { status: 200, body: { kind: 'APIVersions', versions: ['v1'] } };
  if (path === '/apis') return { status: 200, body: groupsOf(served) };
  const apiVersion = /^\/api\/([^/]+)\/?$/.exec(path)?.[1] ?? /^\/apis\/([^/]+\/[^/]+)\/?$/.exec(path)?.[1];
  if (apiVersion) {
    const body = discoveryOf(served, apiVersion);
    return body ? { status: 200, body } : NOT_A_PATH;
  }
  const group = /^\/apis\/([^/]+)/.exec(path)?.[1];
  const known = path.startsWith('/api/v1/') || served.some((kind) => kind.group === group);
  return known ? undefined : NOT_A_PATH;
}

interface Target {
  user: string;
  route: Route;
  place: Place;
}

function read(world: World, ask: Ask, { user, route, place }: Target): Result {
  const { kind, namespace, subresource } = route;
  const verb: Verb = route.name === undefined ? 'list' : 'get';
  checkRights(world.objects, { user, verb, kind, subresource, name: place.name, ...(namespace && { namespace }) });
  if (route.name !== undefined) return { status: 200, body: viewOf(existing(world, place), ask.accept) };
  const matches = parseSelector(ask.query.get('labelSelector') ?? '');
  const objects = world.objects.list(kind, namespace).filter(({ metadata }) => matches(metadata.labels ?? {}));
  const body = listOf(objects, {
    kind: kind.kind,
    apiVersion: apiVersionOf(kind),
    version: world.objects.version(),
    accept: ask.accept,
    limit: Number(ask.query.get('limit') ?? 0),
    start: Number(ask.query.get('continue') ?? 0),
  });
  return { status: 200, body };
}

const VERBS: Record<string, Verb> = { POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' };
/** What of an object can be patched by itself; other parts only meet the policies. */
const PATCHED = ['status', 'scale'];
/** Ways into a pod. */
const CONNECTED = ['attach', 'exec', 'portforward', 'proxy'];

function change(world: World, ask: Ask, { user, route, place }: Target): Written {
  const { kind, namespace, subresource } = route;
  const verb = verbOf(ask.method, route);
  const body = verb.startsWith('delete') && ask.body === '' ? undefined : parseBody(ask.body || '{}');
  const attempt = { user, verb, kind, subresource, name: place.name, ...(namespace && { namespace }) };
  checkRights(world.objects, attempt);
  const dryRun = (body?.['dryRun'] ?? ask.query.getAll('dryRun')) as string[];
  const write: Write = { attempt, place, query: ask.query, dryRun: dryRun.includes('All') };
  if (verb === 'deletecollection') return removeAll(world, write);
  if (verb === 'delete') return remove(world, write, body);
  if (!body) throw badRequest('the body is empty');
  if (subresource && !(verb === 'patch' && PATCHED.includes(subresource))) {
    const made = CONNECTED.includes(subresource) ? 'CONNECT' : 'CREATE';
    return writePart(world, write, body, verb === 'create' ? made : 'UPDATE');
  }
  if (verb === 'create') {
    const named = { ...place, name: body.metadata.name };
    return create(world, { ...write, place: named, attempt: { ...attempt, name: named.name } }, body);
  }
  if (!ask.contentType.startsWith('application/apply-patch+')) return merge(world, write, body);
  checkIdentity(body, route);
  return apply(world, write, body);
}

/** Collections are made into and emptied; all else goes to an object or a part of one. */
function verbOf(method: string, { name, subresource }: Route): Verb {
  const verb = VERBS[method];
  if (verb === 'delete' && name === undefined) return 'deletecollection';
  const isMade = verb === 'create' && subresource === undefined;
  if (!verb || isMade !== (name === undefined) || (verb === 'update' && !subresource)) throw methodNotAllowed();
  return verb;
}

function checkIdentity(body: Body, { kind, namespace, name }: Route): void {
  if (body['apiVersion'] !== apiVersionOf(kind) || body['kind'] !== kind.kind) {
    throw badRequest(`the body is not a ${kind.kind} of ${apiVersionOf(kind)}`);
  }
  if (body.metadata.name !== name) {
    throw badRequest(`the name of the object (${body.metadata.name}) does not match the name on the URL (${name})`);
  }
  const stated = body.metadata['namespace'];
  if (stated !== undefined && stated !== namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
}

function parseBody(text: string): Body {
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body === 'object' && body !== null) {
      const { metadata } = body as Body;
      return { ...body, metadata: { ...metadata } };
    }
  } catch {
    // falls through to the answer for what is not an object
  }
  throw badRequest('the body is not a JSON object');
}

function methodNotAllowed(): ApiFault {
  const message = 'the server does not allow this method on the requested resource';
  return new ApiFault(405, message, { reason: 'MethodNotAllowed', details: noSuchResource().details ?? {} });
}
