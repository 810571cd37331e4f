import { gunzipSync, gzipSync } from 'node:zlib';
import { buffer } from 'node:stream/consumers';
import type { ContainerClient } from '@azure/storage-blob';
import type { KubeObject } from '../environment/ports/cluster.ts';
import type { BranchTemplates, Overlays } from '../environment/ports/ports.ts';
import { ProvisionerError } from '../errors.ts';
import { parseExact, stringifyExact } from '../exact-json.ts';
import { TIMEOUT_MS, saysAbsent, toStorageError, withMade, within } from './storage-error.ts';

/** Where branches' own manifests live: `<slug>/<digest>.json.gz`. */
export const MANIFEST_CONTAINER = 'manifests';

const SUFFIX = '.json.gz';
/** What was stored this short ago may belong to a request that is still queued. */
const YOUNG_MS = 10 * 60_000;
const LIST_CALLS = 4;
const NAME = /^([a-z0-9-]{1,63})\/([0-9a-f]{64})\.json\.gz$/;

/** Branches' own manifests as blobs, each environment's apart, so that removing one touches no other. */
export function createBranchTemplates(options: {
  container: () => Promise<ContainerClient>;
  toOverlays: (manifests: { objects: KubeObject[]; digest: string }) => Promise<Overlays>;
  /** Milliseconds since the epoch. */
  now: () => number;
  timeoutMs?: number;
}): BranchTemplates {
  const { container, toOverlays, now, timeoutMs = TIMEOUT_MS } = options;
  const blobOf = async (slug: string, digest: string) =>
    (await container()).getBlockBlobClient(`${slug}/${digest}${SUFFIX}`);

  return {
    async load(slug, digest) {
      try {
        const answer = await (await blobOf(slug, digest)).download(0, undefined, { abortSignal: within(timeoutMs) });
        const packed =
          answer.readableStreamBody === undefined ? Buffer.alloc(0) : await buffer(answer.readableStreamBody);
        return await toOverlays({ objects: unpack(slug, packed), digest });
      } catch (thrown) {
        if (saysAbsent(thrown)) return undefined;
        throw toStorageError(thrown, `the manifests of environment ${slug}`);
      }
    },

    async store(slug, { objects, digest }) {
      const packed = gzipSync(stringifyExact(objects));
      try {
        const blob = await blobOf(slug, digest);
        await withMade(
          () => blob.upload(packed, packed.byteLength, { abortSignal: within(timeoutMs) }),
          async () => (await container()).createIfNotExists({ abortSignal: within(timeoutMs) }),
        );
      } catch (thrown) {
        throw toStorageError(thrown, `the manifests of environment ${slug}`);
      }
    },

    async prune(slug, keep) {
      try {
        const client = await container();
        const listed = client.listBlobsFlat({ prefix: `${slug}/`, abortSignal: within(timeoutMs * LIST_CALLS) });
        for await (const { name, properties } of listed) {
          if (keep !== undefined && name === `${slug}/${keep}${SUFFIX}`) continue;
          if (keep !== undefined && now() - properties.lastModified.getTime() < YOUNG_MS) continue;
          await client.deleteBlob(name, { abortSignal: within(timeoutMs) });
        }
      } catch (thrown) {
        // gone already, or the container was never made
        if (!saysAbsent(thrown)) throw toStorageError(thrown, `the manifests of environment ${slug}`);
      }
    },

    async *list() {
      try {
        const listed = (await container()).listBlobsFlat({ abortSignal: within(timeoutMs * LIST_CALLS) });
        for await (const { name, properties } of listed) {
          const [, slug, digest] = NAME.exec(name) ?? [];
          if (slug !== undefined && digest !== undefined)
            yield { slug, digest, storedAt: properties.lastModified.getTime() };
        }
      } catch (thrown) {
        if (!saysAbsent(thrown)) throw toStorageError(thrown, 'the manifests of branches');
      }
    },

    async remove(slug, digest) {
      try {
        await (await blobOf(slug, digest)).deleteIfExists({ abortSignal: within(timeoutMs) });
      } catch (thrown) {
        throw toStorageError(thrown, `the manifests of environment ${slug}`);
      }
    },
  };
}

/** What cannot be read is no outage: trying again would never help. */
function unpack(slug: string, packed: Buffer): KubeObject[] {
  try {
    return parseExact(gunzipSync(packed).toString('utf8')) as KubeObject[];
  } catch (cause) {
    throw new ProvisionerError('input', `the manifests of environment ${slug} are damaged; they were left alone`, {
      object: `the manifests of environment ${slug}`,
      fix: 'run the CI job of the branch again, which sends them again',
      cause,
    });
  }
}
