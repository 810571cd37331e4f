import { CLAIM, MANAGED_BY, MANAGER, REF, REPOSITORY, REPOSITORY_ID, SLUG } from './labels.ts';
import { toNamespace } from './names.ts';
import type { Repository } from './request.ts';
import type { EnvironmentSettings } from './settings.ts';

export type Guard =
  | 'record'
  | 'name'
  | 'protected'
  | 'owner'
  | 'uid'
  | 'credential'
  | 'branch'
  | 'filter'
  | 'capacity'
  | 'render'
  | 'policies';

/** A guard's refusal, with a reason that says how to fix it. */
export interface Refusal {
  guard: Guard;
  reason: string;
}

/** Whose an environment is, as stated by a record, a request and a namespace's annotations. */
export interface Claim {
  repository: Repository;
  ref: string;
}

/** Namespaces that are never ours; `*` stands for any run of characters. */
const PROTECTED_NAMESPACES = [
  'default',
  'kube-*',
  'project',
  'staging',
  'production',
  'gatekeeper-system',
  'azure-*',
  'app-routing-system',
  'aks-*',
  'istio-*',
  'argocd',
  'cert-manager',
  'ingress-*',
  'flux-system',
];

/** Compares by id if both sides have one, since names change; else by full name. */
export function isSameRepository(one: Repository, other: Repository): boolean {
  if (one.id !== undefined && other.id !== undefined) return one.id === other.id;
  return one.fullName.toLowerCase() === other.fullName.toLowerCase();
}

/** Guard 0: the record's repository and ref are the request's. */
export function guardRecord(record: Claim & { name: string }, asked: Claim): Refusal | undefined {
  if (record.ref === asked.ref && isSameRepository(record.repository, asked.repository)) return undefined;
  const [holder, asker] = [record.repository, asked.repository];
  if (record.ref === asked.ref && holder.fullName.toLowerCase() === asker.fullName.toLowerCase()) {
    return {
      guard: 'record',
      reason:
        `environment ${record.name} belongs to the repository ${holder.fullName} of id ${holder.id}, and this is the one of ` +
        `id ${asker.id}, made again under its name; deprovision the old environment first`,
    };
  }
  return {
    guard: 'record',
    reason:
      `environment ${record.name} belongs to branch ${quote(record.ref)} of ${record.repository.fullName}; ` +
      `rename branch ${quote(asked.ref)} of ${asked.repository.fullName}, or give its repository a prefix in GITHUB_REPOSITORIES`,
  };
}

/** Guard 1: the namespace is `feature-` and the slug that the record claims. */
export function guardName(names: { namespace: string; slug: string }): Refusal | undefined {
  const { namespace, slug } = names;
  const fits = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(slug) && namespace.length <= 63;
  if (fits && namespace === toNamespace(slug)) return undefined;
  return { guard: 'name', reason: `namespace ${quote(namespace)} is not feature- and the slug ${quote(slug)}` };
}

/** Guard 2: neither namespace nor slug nor ref names a protected namespace; slug and ref only by plain names and kube-*. */
export function guardProtected(
  names: { namespace: string; slug: string; ref: string },
  extra: readonly string[] = [],
): Refusal | undefined {
  const all = [...PROTECTED, ...extra.map(toPattern)];
  const plain = all.filter(({ text }) => !text.includes('*') || text === 'kube-*');
  const hit =
    firstMatch(all, names.namespace) ?? firstMatch(plain, names.slug) ?? firstMatch(plain, names.ref.toLowerCase());
  if (hit === undefined) return undefined;
  return {
    guard: 'protected',
    reason: `branch ${quote(names.ref)} names a protected namespace (${hit}); rename the branch to give it an environment`,
  };
}

/** Guard 3: the live namespace carries our two labels, and its repository and ref are the request's. */
export function guardOwner(live: LiveNamespace, asked: Claim & { slug: string }): Refusal | undefined {
  const no = (what: string): Refusal => ({
    guard: 'owner',
    reason: `namespace ${live.name} is not ours: ${what}; it was left alone. Rename the branch, or remove the namespace`,
  });
  if (live.labels[MANAGED_BY] !== MANAGER) return no(`it lacks the label ${MANAGED_BY}=${MANAGER}`);
  if (live.labels[SLUG] !== asked.slug) return no(`its label ${SLUG} is not ${asked.slug}`);
  if (live.annotations[REF] !== asked.ref) return no(`its annotation ${REF} is not ${quote(asked.ref)}`);
  const fullName = live.annotations[REPOSITORY];
  if (fullName === undefined) return no(`it lacks the annotation ${REPOSITORY}`);
  const id = parseId(live.annotations[REPOSITORY_ID]);
  if (id === 'invalid') return no(`its annotation ${REPOSITORY_ID} is not a number`);
  if (isSameRepository({ ...(id !== undefined && { id }), fullName }, asked.repository)) return undefined;
  return no(`its repository is not ${asked.repository.fullName}`);
}

/**
 * Guard 3, continued: the namespace is the one that the record speaks of. Labels and annotations can be copied by whoever
 * may create namespaces; a uid can't be chosen, and a claim can't be known before.
 */
export function guardIdentity(
  live: LiveNamespace,
  record: { name: string; uid?: string; claim?: string; adopt?: true },
): Refusal | undefined {
  const isKnown =
    record.uid === undefined
      ? record.claim !== undefined && live.annotations[CLAIM] === record.claim
      : live.uid === record.uid;
  if (isKnown || record.adopt === true) return undefined;
  return {
    guard: 'owner',
    reason:
      `namespace ${live.name} bears our labels but is not the one that we made for it; it was left alone. ` +
      `Where its record was lost, look at what it holds and provision with "adopt": true`,
  };
}

/** Guard 4, for a namespace read before: it is still the very same one. */
export function guardUid(live: LiveNamespace, uid: string): Refusal | undefined {
  if (live.uid === uid) return undefined;
  return { guard: 'uid', reason: `namespace ${live.name} was replaced by another of its name; it was left alone` };
}

function parseId(text: string | undefined): number | 'invalid' | undefined {
  if (text === undefined || text === '') return undefined;
  return /^[1-9]\d{0,15}$/.test(text) ? Number(text) : 'invalid';
}

interface Pattern {
  text: string;
  expression: RegExp;
}

function firstMatch(patterns: readonly Pattern[], name: string): string | undefined {
  return patterns.find(({ expression }) => expression.test(name))?.text;
}

function toPattern(text: string): Pattern {
  const source = text.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return { text, expression: new RegExp(`^${source.join('.*')}$`, 's') };
}

// once: every step asks for them
const PROTECTED = PROTECTED_NAMESPACES.map(toPattern);

/** A name chosen by others, made safe to show on one line. */
export function quote(name: string): string {
  return JSON.stringify(name.length > 80 ? `${name.slice(0, 77)}…` : name);
}

export interface LiveNamespace {
  name: string;
  uid: string;
  resourceVersion: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
  /** The labels and annotations that we set and nobody else changed. */
  ours?: { labels: string[]; annotations: string[] };
  terminating: boolean;
  conditions: { type: string; status: string; reason: string; message: string }[];
}

/** What a person who asks for the environment of a branch that is gone is told. */
export function branchGone(ref: string): Refusal {
  return { guard: 'branch', reason: `branch ${quote(ref)} does not exist; push it, then provision again` };
}

/** Whether the settings allow the branch an environment. */
export function guardFilters(
  ref: string,
  settings: Pick<EnvironmentSettings, 'defaultBranches' | 'admits'>,
): Refusal | undefined {
  if (settings.defaultBranches.includes(ref)) {
    return {
      guard: 'branch',
      reason: `${quote(ref)} is a default branch, which never gets an environment (DEFAULT_BRANCHES)`,
    };
  }
  if (settings.admits(ref)) return undefined;
  return {
    guard: 'filter',
    reason: `branch ${quote(ref)} is kept out by BRANCH_INCLUDE or BRANCH_EXCLUDE; change them, or rename the branch`,
  };
}
