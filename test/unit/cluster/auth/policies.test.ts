import { describe, expect, it } from '@jest/globals';
import type { Answer, Call, Send } from '../../../../lib/cluster/api/client.ts';
import { POLICY_VERSION, probePolicies } from '../../../../lib/cluster/admission-policies.ts';

const NAMESPACES = 'feature-branch-provisioner-namespaces';
const OBJECTS = 'feature-branch-provisioner-objects';
type Who = 'provisioner' | 'deprovisioner';
/** What tells one proof from another. */
type Proof = `${Who} ${'PATCH' | 'POST' | 'DELETE'}`;
const POLICY_OF: Partial<Record<Proof, string>> = {
  'provisioner PATCH': OBJECTS,
  'provisioner POST': NAMESPACES,
  'deprovisioner PATCH': OBJECTS,
  'deprovisioner DELETE': NAMESPACES,
};
const PROOFS = Object.keys(POLICY_OF) as Proof[];

const denial = (policy: string, version = POLICY_VERSION, binding = policy): string =>
  `namespaces "x" is forbidden: ValidatingAdmissionPolicy '${policy}' with binding '${binding}' denied request: ` +
  `${policy} ${version}: not ours`;

interface Cluster {
  /** Answers in place of the right denial. */
  proofs?: Partial<Record<Proof, { status: number; message: string }>>;
  /** A right that somebody has. */
  allowed?: (who: Who, right: Record<string, string>) => unknown;
}

function open({ proofs = {}, allowed = () => false }: Cluster) {
  const calls: { who: Who; call: Call }[] = [];
  const sendAs =
    (who: Who): Send =>
    async (call): Promise<Answer> => {
      calls.push({ who, call });
      const rest = { since: undefined, retried: false };
      if (call.path.includes('selfsubjectaccessreviews')) {
        const { spec } = call.body as { spec: { resourceAttributes: Record<string, string> } };
        return { status: 201, body: { status: { allowed: allowed(who, spec.resourceAttributes) } }, ...rest };
      }
      const proof: Proof = `${who} ${call.method as 'PATCH'}`;
      const { status, message } = proofs[proof] ?? { status: 403, message: denial(POLICY_OF[proof] ?? '') };
      return { status, body: { kind: 'Status', message }, ...rest };
    };
  return {
    calls,
    probe: () => probePolicies({ provisioner: sendAs('provisioner'), deprovisioner: sendAs('deprovisioner') }),
  };
}

describe('the probe of the admission policies', () => {
  it('takes them for bound where each proof names its policy and version', async () => {
    expect(await open({}).probe()).toBe('bound');
  });

  it.each(
    PROOFS.flatMap((proof): [Proof, string, number, string, string][] => {
      const policy = POLICY_OF[proof] ?? '';
      const other = policy === OBJECTS ? NAMESPACES : OBJECTS;
      return [
        [proof, 'goes through', 201, denial(policy), 'unbound'],
        [proof, 'is refused for want of a right', 403, 'namespaces is forbidden: User cannot create', 'unbound'],
        [proof, 'is denied by the other policy', 403, denial(other), 'unbound'],
        [proof, 'is denied by a binding of another', 403, denial(policy, POLICY_VERSION, 'theirs'), 'unbound'],
        [proof, 'is denied by an older version', 403, denial(policy, 'v0'), 'outdated'],
        [proof, 'is denied by a version that only begins so', 403, denial(policy, `${POLICY_VERSION}0`), 'outdated'],
        [proof, 'is denied without a message', 403, '', 'unbound'],
      ];
    }),
  )('is not satisfied where of all proofs %s alone %s', async (proof, _what, status, message, expected) => {
    expect(await open({ proofs: { [proof]: { status, message } } }).probe()).toBe(expected);
  });

  it('calls what is unbound so before what is outdated, and that before a right too many', async () => {
    const outdated = { status: 403, message: denial(OBJECTS, 'v0') };
    const unbound = { status: 201, message: '' };
    const allowed = () => true;
    const [one, other] = ['provisioner PATCH', 'deprovisioner DELETE'] as const;
    expect(await open({ proofs: { [one]: outdated, [other]: unbound }, allowed }).probe()).toBe('unbound');
    expect(await open({ proofs: { [one]: outdated }, allowed }).probe()).toBe('outdated');
    expect(await open({ allowed }).probe()).toBe('overprivileged');
  });

  const rights = (['provisioner', 'deprovisioner'] as const).flatMap((who): [Who, string, Record<string, string>][] => [
    [who, 'patch admission policies', { resource: 'validatingadmissionpolicies', verb: 'patch' }],
    [who, 'update admission policies', { resource: 'validatingadmissionpolicies', verb: 'update' }],
    [who, 'delete admission policies', { resource: 'validatingadmissionpolicies', verb: 'delete' }],
    [who, 'delete their bindings', { resource: 'validatingadmissionpolicybindings', verb: 'delete' }],
    [who, 'impersonate users', { resource: 'users', verb: 'impersonate' }],
    [who, 'impersonate groups', { resource: 'groups', verb: 'impersonate' }],
    [who, 'impersonate service accounts', { resource: 'serviceaccounts', verb: 'impersonate' }],
    [who, 'read all Secrets', { resource: 'secrets', verb: 'get' }],
    [who, 'list all Secrets', { resource: 'secrets', verb: 'list' }],
    [who, 'read the Secrets of kube-system', { resource: 'secrets', verb: 'get', namespace: 'kube-system' }],
    [who, 'bind rights everywhere', { resource: 'clusterrolebindings', verb: 'create' }],
    [who, 'bind rights in a namespace', { resource: 'rolebindings', verb: 'create' }],
    [who, 'escalate', { resource: 'clusterroles', verb: 'escalate' }],
    [who, 'bind cluster roles', { resource: 'clusterroles', verb: 'bind' }],
  ]);
  it.each(rights)('says overprivileged where the %s alone may %s', async (who, _what, right) => {
    const allowed = (asker: Who, asked: Record<string, string>): boolean =>
      asker === who && Object.entries(right).every(([key, value]) => asked[key] === value);
    expect(await open({ allowed }).probe()).toBe('overprivileged');
  });

  it('does not take an answer that says nothing for a no', async () => {
    await expect(open({ allowed: () => undefined }).probe()).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('changes nothing: every question is a dry run or a review of its own rights', async () => {
    const { calls, probe } = open({});
    await probe();
    const writes = calls.filter(({ call }) => !call.path.includes('selfsubjectaccessreviews'));
    expect(writes).toHaveLength(4);
    for (const { call } of writes) expect(call.path).toContain('dryRun=All');
    const removal = writes.find(({ call }) => call.method === 'DELETE');
    expect(removal?.call.body).toMatchObject({ dryRun: ['All'] });
  });
});
