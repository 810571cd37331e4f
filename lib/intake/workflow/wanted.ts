import { decode, parse } from '../body.ts';
import { isObject } from '../webhook/delivery.ts';
import { type BranchManifests, readBranchManifests } from './branch-manifests.ts';
import type { WorkflowDeps } from './ports.ts';

/** What the body of a PUT asks for. */
export interface Wanted {
  kind: 'wanted';
  imageTag?: string;
  /** `null` goes back to the app's overlays. */
  manifests?: BranchManifests | null;
  wait: boolean;
}

const FIELDS = ['imageTag', 'manifests', 'wait'];

/** Reads the body of a PUT; an unknown field or a wrong value is named. */
export function readWanted(deps: WorkflowDeps, bytes: Uint8Array): Wanted | { kind: 'malformed'; reason: string } {
  const malformed = (reason: string) => ({ kind: 'malformed' as const, reason });
  const text = decode(bytes);
  if (text === undefined) return malformed('the body is not UTF-8');
  const parsed = text === '' ? { payload: {} } : parse(text);
  if ('malformed' in parsed) return malformed(parsed.malformed);
  if (!isObject(parsed.payload)) return malformed('the body is not a JSON object');
  const { imageTag, manifests, wait } = parsed.payload;
  const unknown = Object.keys(parsed.payload).find((field) => !FIELDS.includes(field));
  if (unknown !== undefined)
    return malformed(`field ${JSON.stringify(unknown.slice(0, 40))} is not known; the fields are ${FIELDS.join(', ')}`);
  if (imageTag !== undefined && (typeof imageTag !== 'string' || !/^\w[\w.-]{0,127}$/.test(imageTag)))
    return malformed('imageTag is not an image tag: a letter, digit or _ and up to 127 of letters, digits, _ . -');
  if (wait !== undefined && typeof wait !== 'boolean') return malformed('wait is neither true nor false');
  const wanted: Wanted = { kind: 'wanted', wait: wait === true, ...(imageTag !== undefined && { imageTag }) };
  if (manifests === undefined) return wanted;
  if (!deps.workflows().manifests) return malformed('manifests are not taken: BRANCH_MANIFESTS is not true');
  if (manifests === null) return { ...wanted, manifests: null };
  const read = readBranchManifests(manifests);
  return read.kind === 'malformed' ? malformed(read.reason) : { ...wanted, manifests: read.manifests };
}
