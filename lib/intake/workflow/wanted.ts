import { parseExact } from '../../exact-json.ts';
import { NO_IMAGE_TAG, decode, isTagOrNone, readFields } from '../body.ts';
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

const FIELDS = ['imageTag', 'manifests', 'wait'] as const;

/** Reads the body of a PUT; an unknown field or a wrong value is named. */
export function readWanted(deps: WorkflowDeps, bytes: Uint8Array): Wanted | { kind: 'malformed'; reason: string } {
  const malformed = (reason: string) => ({ kind: 'malformed' as const, reason });
  const text = decode(bytes);
  if (text === undefined) return malformed('the body is not UTF-8');
  // manifests may hold integers that JavaScript would round
  const read = readFields(text === '' ? '{}' : text, FIELDS, parseExact);
  if ('malformed' in read) return malformed(read.malformed);
  const { imageTag, manifests, wait } = read.fields;
  if (!isTagOrNone(imageTag)) return malformed(NO_IMAGE_TAG.malformed);
  if (wait !== undefined && typeof wait !== 'boolean') return malformed('wait is neither true nor false');
  const wanted: Wanted = { kind: 'wanted', wait: wait === true, ...(imageTag !== undefined && { imageTag }) };
  if (manifests === undefined) return wanted;
  if (!deps.workflows().manifests) return malformed('manifests are not taken: BRANCH_MANIFESTS is not true');
  if (manifests === null) return { ...wanted, manifests: null };
  const own = readBranchManifests(manifests);
  return own.kind === 'malformed' ? malformed(own.reason) : { ...wanted, manifests: own.manifests };
}
