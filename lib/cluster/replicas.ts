import type { KubeObject } from '../environment/ports/cluster.ts';
import { type LiveObject, type ManagedFieldsEntry, managedEntry } from './api/object-meta.ts';
import type { ApplyContext } from './api/server-side-apply.ts';
import { listKind } from './list.ts';

/** Scales what a HorizontalPodAutoscaler targets; a person's `kubectl scale` has another name. */
const AUTOSCALER = 'kube-controller-manager';
const TYPE = { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler' };

/**
 * Who sets `spec.replicas`. The overlay does, until a live autoscaler has changed the value: it then owns the field, and
 * an apply that names it would undo its work. Where the autoscaler is gone, the overlay sets it again; the autoscaler's
 * entry in managedFields outlives it, so that entry alone does not tell.
 */
export interface Replicas {
  /** The object as it is to be applied over one with these managedFields. */
  toSend(object: KubeObject, entries: ManagedFieldsEntry[] | undefined): Promise<KubeObject>;
  /** Whether an autoscaler that is gone has left its value in an object that our apply would set. */
  isAbandoned(object: KubeObject, entries: ManagedFieldsEntry[] | undefined): Promise<boolean>;
}

/** Lists the namespace's autoscalers at most once, and only if one has scaled something. */
export function createReplicas({ send, discovery }: ApplyContext, namespace: string): Replicas {
  let asked: Promise<Set<string> | undefined> | undefined;

  async function isScaledNow({ kind, metadata }: KubeObject): Promise<boolean> {
    asked ??= list();
    const targets = await asked;
    // without the right to list autoscalers, assume that there is one
    return targets === undefined || targets.has(`${kind}/${metadata.name}`);
  }

  async function list(): Promise<Set<string> | undefined> {
    const resource = await discovery.resourceOf(TYPE);
    const items = resource && (await listKind<LiveObject>(send, { type: TYPE, resource, namespace }));
    return items && new Set(items.flatMap(({ spec }) => targetOf(spec)));
  }

  return {
    async toSend(object, entries) {
      if (!wantsReplicas(object) || !hasScaled(entries) || !(await isScaledNow(object))) return object;
      return { ...object, spec: { ...(object['spec'] as object), replicas: undefined } };
    },
    async isAbandoned(object, entries) {
      if (!wantsReplicas(object) || !hasScaled(entries) || ownsReplicas(managedEntry(entries))) return false;
      return !(await isScaledNow(object));
    },
  };
}

function targetOf(spec: Record<string, unknown> | undefined): string[] {
  const { kind, name } = (spec?.['scaleTargetRef'] ?? {}) as { kind?: string; name?: string };
  return kind !== undefined && name !== undefined ? [`${kind}/${name}`] : [];
}

function wantsReplicas(object: KubeObject): boolean {
  return (object['spec'] as { replicas?: unknown } | undefined)?.replicas !== undefined;
}

function hasScaled(entries: ManagedFieldsEntry[] | undefined): boolean {
  return (entries ?? []).some(
    (entry) => entry.manager === AUTOSCALER && entry.subresource === 'scale' && ownsReplicas(entry),
  );
}

function ownsReplicas(entry: ManagedFieldsEntry | undefined): boolean {
  const fields = entry?.fieldsV1 as { 'f:spec'?: { 'f:replicas'?: object } } | undefined;
  return fields?.['f:spec']?.['f:replicas'] !== undefined;
}
