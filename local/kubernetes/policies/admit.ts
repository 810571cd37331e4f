import { ApiFault, detailsOf, forbidden, invalid } from '../http/api-errors.ts';
import { kindOf } from '../objects/kinds.ts';
import type { StoredObject } from '../objects/objects.ts';
import type { World, Write } from '../objects/write.ts';
import { type Operation, type Policy, type PolicySpec, checkKnown, compilePolicy } from './policy.ts';

const POLICY = kindOf('admissionregistration.k8s.io/v1', 'ValidatingAdmissionPolicy');
const BINDING = kindOf('admissionregistration.k8s.io/v1', 'ValidatingAdmissionPolicyBinding');
const NAMESPACE = kindOf('v1', 'Namespace');

/** By spec, which no write changes in place. */
const compiled = new WeakMap<PolicySpec, Policy>();

/** What a write would make of an object, and what it was. */
export interface Change {
  operation: Operation;
  object?: object | undefined;
  oldObject?: object | undefined;
}

/** Throws, in the API server's words, where a policy that is bound denies the change. */
export function admit(world: World, { attempt, place, dryRun }: Write, { operation, object, oldObject }: Change): void {
  const { kind, namespace, name } = place;
  if (kind === POLICY || kind === BINDING) return object && checkPolicy(place, object as StoredObject);
  const { objects } = world;
  for (const binding of objects.list(BINDING)) {
    const { policyName } = binding['spec'] as { policyName: string };
    const policy = objects.get({ kind: POLICY, name: policyName });
    const denial =
      policy &&
      policyOf(policy)({
        ...{ user: attempt.user, operation, kind, subresource: attempt.subresource, name, dryRun, object, oldObject },
        namespace: kind === NAMESPACE ? name : namespace,
        namespaceObject: namespace ? objects.get({ kind: NAMESPACE, name: namespace }) : undefined,
      });
    if (!denial) continue;
    const words = `ValidatingAdmissionPolicy '${policyName}' with binding '${binding.metadata.name}' denied request`;
    const message = `${words}: ${denial.message}`;
    // of a whole collection
    const subject = { kind, name: name || 'Unknown' };
    if (denial.reason === 'Forbidden') throw forbidden(subject, message, [{ message }]);
    const details = detailsOf(subject, [{ message }]);
    throw new ApiFault(422, message, { reason: 'Invalid', details });
  }
}

function policyOf(object: StoredObject): Policy {
  const spec = object['spec'] as PolicySpec;
  const known = compiled.get(spec) ?? compilePolicy(spec);
  compiled.set(spec, known);
  return known;
}

/** A policy that can't be compiled is not stored. */
function checkPolicy(place: Write['place'], object: StoredObject): void {
  try {
    if (place.kind === POLICY) policyOf(object);
    else checkKnown(object['spec'] as object, 'binding');
  } catch (error) {
    throw invalid(place, { field: 'spec', message: (error as Error).message });
  }
}
