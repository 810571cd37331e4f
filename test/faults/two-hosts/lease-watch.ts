import type { Peer } from '../../support/fault-injection/kinds.ts';
import type { Watch } from '../../support/fault-injection/host-proxy.ts';

/** Sees every call of every host as it comes, and holds writes against who holds the lease of what is written. */
export interface LeaseWatch {
  /** What the proxies of one host tell. */
  of(host: string): Watch;
  /** The leases that the host holds; a blob is `container/name`. */
  heldBy(host: string): { blob: string; lease: string }[];
  /** Resolves when no lease call of the host is under way: what a killed one asked for is given or not by then. */
  settled(host: string): Promise<void>;
  /** Resolves as the host begins its next write. */
  nextWrite(host: string): Promise<void>;
  /** This lease ended; another one that is held on the blob by now did not. */
  end(blob: string, lease: string): void;
  writes(): number;
  /** Writes begun by a host that did not hold the lease, or while another host's was under way. */
  violations: string[];
}

/** `environments/<slug>.json` is the lock of an environment: what is written for it must come from its holder. */
export function watchLeases(): LeaseWatch {
  const holders = new Map<string, { host: string; lease: string }>();
  const running = new Map<string, { host: string; what: string }[]>();
  const underWay = new Map<string, Set<Promise<void>>>();
  const waiting = new Map<string, PromiseWithResolvers<void>>();
  const violations: string[] = [];
  let writes = 0;

  function beginWrite(host: string, { slug, what }: { slug: string; what: string }): () => void {
    writes += 1;
    waiting.get(host)?.resolve();
    waiting.delete(host);
    const holder = holders.get(`environments/${slug}.json`)?.host;
    if (holder !== host) violations.push(`${host} began ${what} while ${holder ?? 'nobody'} held ${slug}`);
    const others = running.get(slug) ?? [];
    const own = { host, what };
    running.set(slug, [...others, own]);
    return () =>
      running.set(
        slug,
        (running.get(slug) ?? []).filter((one) => one !== own),
      );
  }

  function noteLease(
    host: string,
    { blob, action, lease }: { blob: string; action: string; lease: string },
  ): (status: number) => void {
    if (action === 'release' && holders.get(blob)?.host === host) holders.delete(blob);
    const calls = underWay.get(host) ?? new Set();
    underWay.set(host, calls);
    const { promise, resolve } = Promise.withResolvers<void>();
    calls.add(promise);
    return (status) => {
      if (action === 'acquire' && status === 201) holders.set(blob, { host, lease });
      calls.delete(promise);
      resolve();
    };
  }

  return {
    of: (host) => (peer, request) => {
      const { method, path, headers } = request;
      const blob = /^\/[^/]+\/((?:environments|identities)\/[^?]+)\?.*comp=lease/.exec(path)?.[1];
      if (peer === 'blobs' && blob !== undefined) {
        const [action, lease] = [headers['x-ms-lease-action'], headers['x-ms-proposed-lease-id']].map(String);
        return noteLease(host, { blob, action: action ?? '', lease: lease ?? '' });
      }
      const slug = method === 'GET' ? undefined : slugOf(peer, path);
      return slug === undefined ? undefined : beginWrite(host, { slug, what: `${method} ${path}` });
    },
    heldBy: (host) => [...holders].flatMap(([blob, held]) => (held.host === host ? [{ blob, lease: held.lease }] : [])),
    async settled(host) {
      await Promise.all([...(underWay.get(host) ?? [])]);
    },
    nextWrite(host) {
      const next = waiting.get(host) ?? Promise.withResolvers<void>();
      waiting.set(host, next);
      return next.promise;
    },
    end(blob, lease) {
      if (holders.get(blob)?.lease === lease) holders.delete(blob);
    },
    writes: () => writes,
    violations,
  };
}

/** Of the environment that a write is for; a namespace that is made bears its name in the body, which is not looked at. */
function slugOf(peer: Peer, path: string): string | undefined {
  if (path.includes('dryRun')) return undefined;
  if (peer === 'cluster') return /\/namespaces\/feature-([^/?]+)/.exec(path)?.[1];
  if (peer === 'azure') return /federatedIdentityCredentials\/keyvault-workload-identity-([^/?]+)/.exec(path)?.[1];
  return undefined;
}
