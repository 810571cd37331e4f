import type { StoredObject } from '../objects/objects.ts';

/** An object as an Accept header asks for it: whole, or its metadata alone. */
export function viewOf(object: StoredObject, accept: string): object {
  if (!/as=PartialObjectMetadata(;|$)/.test(accept)) return object;
  return partial(object);
}

function partial({ metadata }: StoredObject): object {
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata };
}

/** One page of a list; items of a whole list carry neither kind nor apiVersion. */
export function listOf(
  objects: StoredObject[],
  about: { kind: string; apiVersion: string; version: string; accept: string; limit: number; start: number },
): object {
  const { limit, start } = about;
  const page = limit > 0 ? objects.slice(start, start + limit) : objects.slice(start);
  const left = objects.length - start - page.length;
  const metadata = {
    resourceVersion: about.version,
    ...(left > 0 && { continue: String(start + page.length), remainingItemCount: left }),
  };
  if (about.accept.includes('as=PartialObjectMetadataList')) {
    return { kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1', metadata, items: page.map(partial) };
  }
  const items = page.map((object) => ({ ...object, apiVersion: undefined, kind: undefined }));
  return { kind: `${about.kind}List`, apiVersion: about.apiVersion, metadata, items };
}
