import { gzipSync } from 'node:zlib';
import { stringifyExact } from '../lib/exact-json.ts';
import { readObjects } from '../lib/overlays/read-objects.ts';
import { findKustomize } from '../local/kustomize/find-kustomize.ts';

/** What the job's own kustomize builds of the directories (comma separated), as the provisioner takes it. */
export async function readManifests(
  directories: string,
  say: (line: string) => void,
): Promise<{ format: string; gzip: string }> {
  const kustomize = await findKustomize({ log: say });
  const objects: unknown[] = [];
  for (const directory of directories.split(/[,\n]/).map((one) => one.trim())) {
    if (directory === '') continue;
    const { json, warnings } = await kustomize.build(directory);
    for (const warning of warnings) say(`${directory}: ${warning}`);
    objects.push(...readObjects(json, directory));
  }
  say(`Sending ${objects.length} objects of ${directories}`);
  return { format: 'kustomize-build/v1', gzip: gzipSync(stringifyExact(objects)).toString('base64') };
}
