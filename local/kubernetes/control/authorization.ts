import { forbidden } from '../http/api-errors.ts';
import { type Kind, kindOf } from '../objects/kinds.ts';
import type { Objects, StoredObject } from '../objects/objects.ts';

export type Verb = 'get' | 'list' | 'create' | 'update' | 'patch' | 'delete' | 'deletecollection';

/** What somebody asks for. */
export interface Attempt {
  user: string;
  verb: Verb;
  kind: Kind;
  subresource?: string | undefined;
  namespace?: string;
  /** Empty for a collection. */
  name: string;
}

/** A right, as a SelfSubjectAccessReview names it. */
export interface Right {
  verb: string;
  group?: string;
  resource?: string;
  subresource?: string | undefined;
  name?: string;
}

interface Rule {
  verbs: string[];
  apiGroups?: string[];
  resources?: string[];
  resourceNames?: string[];
}

interface Role extends StoredObject {
  rules?: Rule[];
  aggregationRule?: { clusterRoleSelectors: { matchLabels: Record<string, string> }[] };
}

interface Binding extends StoredObject {
  roleRef: { name: string };
  subjects?: { kind: string; name: string }[];
}

const ROLE = kindOf('rbac.authorization.k8s.io/v1', 'ClusterRole');
const BINDING = kindOf('rbac.authorization.k8s.io/v1', 'ClusterRoleBinding');

/** RBAC by the ClusterRoles that are there; admin, as one of system:masters, may do everything. */
export function isAllowed(objects: Objects, user: string, right: Right): boolean {
  if (user === 'admin') return true;
  return (objects.list(BINDING) as Binding[])
    .filter(({ subjects = [] }) => subjects.some(({ kind, name }) => kind === 'User' && name === user))
    .flatMap(({ roleRef }) => rulesOf(objects, roleRef.name))
    .some((rule) => gives(rule, right));
}

/** Throws as the API server refuses. */
export function checkRights(objects: Objects, attempt: Attempt): void {
  const { user, verb, kind, subresource, namespace, name } = attempt;
  if (isAllowed(objects, user, { verb, group: kind.group, resource: kind.plural, subresource, name })) return;
  const scope = namespace ?? (kind.kind === 'Namespace' && name);
  const where = scope ? `in the namespace "${scope}"` : 'at the cluster scope';
  const resource = subresource ? `${kind.plural}/${subresource}` : kind.plural;
  const what = `cannot ${verb} resource "${resource}" in API group "${kind.group}"`;
  throw forbidden({ kind, name }, `User "${user}" ${what} ${where}`);
}

/** Of a role that comes together by labels, what a controller would write into it. */
function rulesOf(objects: Objects, name: string): Rule[] {
  const roles = objects.list(ROLE) as Role[];
  const role = roles.find(({ metadata }) => metadata.name === name);
  const selectors = role?.aggregationRule?.clusterRoleSelectors;
  if (!selectors) return role?.rules ?? [];
  return roles
    .filter(({ metadata: { labels = {} } }) =>
      selectors.some(({ matchLabels }) => Object.entries(matchLabels).every(([key, value]) => labels[key] === value)),
    )
    .flatMap(({ rules = [] }) => rules);
}

function gives(rule: Rule, { verb, group = '', resource = '', subresource, name = '' }: Right): boolean {
  const { verbs, apiGroups = [], resources = [], resourceNames = [] } = rule;
  const fits = (words: string[], word: string): boolean => words.includes('*') || words.includes(word);
  const isNamed = resourceNames.length === 0 || resourceNames.includes(name);
  const full = subresource ? `${resource}/${subresource}` : resource;
  const isThere = fits(resources, full) || (!!subresource && resources.includes(`*/${subresource}`));
  return fits(verbs, verb) && fits(apiGroups, group) && isThere && isNamed;
}
