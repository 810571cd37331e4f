import type { AppFunction } from '../load-app.ts';

/** One HTTP function and the paths and methods it answers. */
export interface Route {
  fn: AppFunction;
  template: string;
  methods: readonly string[];
  segments: readonly Segment[];
}

type Segment =
  | { kind: 'literal'; text: string }
  | { kind: 'parameter'; name: string; optional: boolean }
  /** The rest of the path, slashes included; may be empty. */
  | { kind: 'rest'; name: string };

/** Reads a function's route under the prefix; throws for one that the real host refuses or this one can't serve. */
export function toRoute(fn: AppFunction, prefix: string): Route {
  const own = (fn.trigger.route ?? fn.name).replace(/^\/+|\/+$/g, '');
  if (/^(admin|runtime)(\/|$)/i.test(own))
    throw new Error(`The route '${own}' is refused: admin and runtime are the host's own.`);
  const template = [prefix, own].filter(Boolean).join('/');
  const methods = (fn.trigger.methods ?? []).map((method) => method.toUpperCase());
  return { fn, template, methods, segments: template.split('/').map(toSegment) };
}

function toSegment(text: string): Segment {
  const rest = /^\{\*(\w+)\}$/.exec(text);
  if (rest) return { kind: 'rest', name: rest[1] ?? '' };
  const match = /^\{(\w+)(\?)?\}$/.exec(text);
  if (match) return { kind: 'parameter', name: match[1] ?? '', optional: match[2] === '?' };
  if (/[{}]/.test(text))
    throw new Error(
      `The route segment '${text}' is not served by the local host: only {name}, {name?} and {*name} are.`,
    );
  return { kind: 'literal', text: text.toLowerCase() };
}

/**
 * Finds the function for a request: the routes in their given order, not by how specific they are. A wrong method is no
 * match, upper and lower case are the same in paths, and `%2F` separates nothing.
 */
export function findRoute(routes: readonly Route[], request: { method: string; path: string }) {
  const parts = request.path.replace(/^\//, '').replace(/\/$/, '').split('/');
  for (const route of routes) {
    if (route.methods.length > 0 && !route.methods.includes(request.method)) continue;
    const params = match(route.segments, parts);
    if (params) return { route, params };
  }
  return undefined;
}

function match(segments: readonly Segment[], parts: readonly string[]): Record<string, string> | undefined {
  if (parts.length > segments.length && segments.at(-1)?.kind !== 'rest') return undefined;
  const params: Record<string, string> = {};
  for (const [index, segment] of segments.entries()) {
    const part = parts[index];
    if (segment.kind === 'rest') {
      const rest = parts.slice(index).map(decodeSegment).join('/');
      if (rest !== '') params[segment.name] = rest;
      continue;
    }
    if (part === undefined || part === '') {
      if (segment.kind === 'literal' || !segment.optional) return undefined;
    } else if (segment.kind === 'literal') {
      if (decodeSegment(part).toLowerCase() !== segment.text) return undefined;
    } else {
      params[segment.name] = decodeSegment(part);
    }
  }
  return params;
}

/** An encoded slash stays encoded, and so does what is no valid encoding. */
function decodeSegment(part: string): string {
  try {
    return decodeURIComponent(part.replace(/%2f/gi, '%252F'));
  } catch {
    return part;
  }
}
