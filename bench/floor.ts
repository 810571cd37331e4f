import { Agent } from 'undici';
import { DEFAULT_CONNECTIONS } from '../lib/cluster/api/connection.ts';
import { type Recorded, recordRequests } from './record.ts';
import type { Stage } from './stage.ts';

export interface Floor {
  /** Makes ready what is sent for one environment; the run sends it. */
  prepare(slug: string): () => Promise<void>;
  close(): Promise<void>;
}

/**
 * The requests of a first provision sent raw, byte for byte and header for header, with the same waves and the same
 * number of connections: what no client can be faster than. The POST of the namespace is one of them; our looks at whose
 * it is are not.
 */
export async function createFloor(
  { plane }: Stage,
  recorded: { slug: string; provision: () => Promise<unknown> },
): Promise<Floor> {
  const waves = toWaves(await recordRequests(recorded.provision));
  const agent = new Agent({
    connections: DEFAULT_CONNECTIONS,
    pipelining: 1,
    allowH2: false,
    connect: { ca: plane.access.ca },
  });

  async function send(request: Recorded): Promise<void> {
    const { origin, method, path, headers, body } = request;
    const answer = await agent.request({ origin, method, path, headers, body });
    const text = await answer.body.text();
    if (answer.statusCode >= 300) throw new Error(`${method} ${path}: ${answer.statusCode} ${text.slice(0, 300)}`);
  }

  return {
    prepare(slug) {
      const rename = (text: string) =>
        text.replaceAll(recorded.slug, slug).replaceAll(toIdentifier(recorded.slug), toIdentifier(slug));
      const renamed = waves.map((wave) =>
        wave.map((request) => ({ ...request, path: rename(request.path), body: rename(request.body) })),
      );
      return async () => {
        for (const wave of renamed) await Promise.all(wave.map(send));
      };
    },
    close: () => agent.close(),
  };
}

/** A GET between two writes parts two waves. */
function toWaves(requests: Recorded[]): Recorded[][] {
  const waves: Recorded[][] = [[]];
  let isOpen = false;
  for (const request of requests) {
    const isWrite = request.method === 'POST' || request.method === 'PATCH';
    if (request.method === 'POST' || (isWrite && !isOpen)) waves.push([]);
    isOpen = isWrite && request.method !== 'POST';
    if (isWrite) waves.at(-1)?.push(request);
  }
  return waves.filter((wave) => wave.length > 0);
}

function toIdentifier(slug: string): string {
  return slug.replaceAll('-', '_');
}
