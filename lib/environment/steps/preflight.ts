import { guardFilters, guardName, guardProtected, type Refusal } from '../model/guards.ts';
import { POLICY_FAULTS } from '../model/policy-faults.ts';
import type { KubeObject } from '../ports/cluster.ts';
import type { Overlays } from '../ports/ports.ts';
import { findFull } from './capacity.ts';
import { diagnoseTermination } from './namespace.ts';
import { type Guarded, named, step } from './reconciliation.ts';
import { guardScopes, renderDraft } from './render.ts';
import { loadTemplate } from './template.ts';
import { confirmOwner } from './write-guard.ts';

export type Preflight =
  | { kind: 'passed'; overlays: Overlays; draft: KubeObject[] }
  | { kind: 'refused'; refusal: Refusal }
  | { kind: 'terminating'; overlays: Overlays; draft: KubeObject[]; why: string | undefined }
  | { kind: 'full'; why: string };

/** Every guard before an identity is reserved, in one order: a dry run passes the very same ones. */
export async function preflightProvision(run: Guarded): Promise<Preflight> {
  const { ports, record } = run;
  const refused = (refusal: Refusal): Preflight => ({ kind: 'refused', refusal });
  const refusal = guardSettings(run);
  if (refusal !== undefined) return refused(refusal);

  const template = await named(run, 'render', () => loadTemplate(ports, record));
  if (template.kind === 'refused') return template;
  const { overlays } = template;
  const rendered = renderDraft({ ports: { settings: ports.settings, overlays }, record });
  if (rendered.kind === 'refused') return rendered;
  const draft = rendered.objects;

  const guarded = await step(run, 'guards', () => guardLive(run));
  const unguarded = guarded.owner ?? guarded.policies;
  if (unguarded !== undefined) return refused(unguarded);
  const misplaced = await named(run, 'guards', () => guardScopes(ports.cluster, draft));
  if (misplaced !== undefined) return refused(misplaced);
  if (run.owned?.terminating === true) {
    return { kind: 'terminating', overlays, draft, why: describeTermination(run) };
  }
  const full = run.owned === undefined ? await named(run, 'guards', () => findFull(run)) : undefined;
  return full === undefined ? { kind: 'passed', overlays, draft } : { kind: 'full', why: full };
}

/** The guards of a removal; without a namespace there is nothing that policies could protect. */
export async function preflightDeprovision(run: Guarded): Promise<Refusal | undefined> {
  const { ports, record } = run;
  const { namespace, name: slug, ref } = record;
  const misnamed =
    guardName({ namespace, slug }) ?? guardProtected({ namespace, slug, ref }, ports.settings.protectedNamespaces);
  if (misnamed !== undefined) return misnamed;
  const guarded = await step(run, 'guards', () => guardLive(run));
  return guarded.owner ?? (run.owned === undefined ? undefined : guarded.policies);
}

/** What blocks the namespace's deletion and what a person can do about it; finalizers are never forced off. */
export function describeTermination({ owned }: Pick<Guarded, 'owned'>): string | undefined {
  const held = owned && diagnoseTermination(owned);
  return held && `${held.words}; ${held.fix}`;
}

/** The guards that need no call. Filters and the default branch keep out new environments, not existing ones. */
function guardSettings({ record, ports }: Guarded): Refusal | undefined {
  const { settings } = ports;
  const { namespace, name: slug, ref } = record;
  return (
    guardName({ namespace, slug }) ??
    guardProtected({ namespace, slug, ref }, settings.protectedNamespaces) ??
    (record.uid === undefined ? guardFilters(ref, settings) : undefined)
  );
}

/** What only the cluster can tell before the first write; if it does not answer, nothing is written. */
interface LiveGuards {
  owner?: Refusal;
  policies?: Refusal;
}

/** Checks who owns the live namespace, and whether the admission policies bind the app. */
async function guardLive(run: Guarded): Promise<LiveGuards> {
  const { cluster, settings } = run.ports;
  const [owner, policies] = await Promise.all([
    confirmOwner(run),
    settings.allowUnguarded ? ('bound' as const) : cluster.policies(),
  ]);
  return {
    ...(owner !== undefined && { owner }),
    ...(policies !== 'bound' && { policies: { guard: 'policies', reason: POLICY_FAULTS[policies] } }),
  };
}
