import { describe, expect, it } from '@jest/globals';
import { judgeChain as untoldJudgeChain } from '../../../lib/diagnosis/chain/chain.ts';
import type { ChainFacts } from '../../../lib/diagnosis/facts.ts';
import type { LinkName } from '../../../lib/diagnosis/chain/link.ts';
import { CLIENT, IDENTITY, ISSUER, NAMESPACE, healthy, itemsOf, pod, warning } from './healthy.ts';
import type { StatedCredential } from '../../../lib/environment/model/names.ts';
import { keepTold } from '../../support/keep-told.ts';

/** Links that are as they should be are told whole once. */
const judgeChain = keepTold(untoldJudgeChain, (told) =>
  told.verdict === 'ok' ? told : { ...told, chain: told.chain.filter(({ state }) => state !== 'ok') },
);

const ALL: LinkName[] = [
  'workload',
  'pod',
  'pod-environment',
  'service-account',
  'annotation',
  'annotation',
  'federated-credential',
  'issuer',
  'subject',
  'audience',
  'managed-identity',
  'key-vault-class',
  'class-client-id',
  'class-tenant-id',
  'mount',
  'key-vault',
];

function identityOf({ access }: ChainFacts) {
  const [identity] = access.kind === 'read' ? access.value.identities : [];
  if (access.kind === 'unread' || identity === undefined) throw new Error('no identity');
  return { access: access.value, identity };
}

function credentialOf(facts: ChainFacts): StatedCredential {
  const [credential] = identityOf(facts).identity.credentials;
  if (credential === undefined) throw new Error('no credential');
  return credential;
}

/** A plain object inside an object, made where it is missing. */
function inside(object: object, ...path: string[]): Record<string, unknown> {
  return path.reduce((at, key) => (at[key] ??= {}) as Record<string, unknown>, object as Record<string, unknown>);
}

function first(facts: ChainFacts, kind: string) {
  const [object] = itemsOf(facts, kind);
  if (object === undefined) throw new Error(`no ${kind}`);
  return object;
}

/** The pod waits for its volume, and an event says why. */
function failMount(facts: ChainFacts, message: string): void {
  inside(first(facts, 'Pod'), 'status')['phase'] = 'Pending';
  itemsOf(facts, 'SecretProviderClassPodStatus').length = 0;
  itemsOf(facts, 'Event').push(warning('Pod/db-7d9f-x', 'FailedMount', message));
}

const FORBIDDEN = 'failed to mount objects: keyvault: StatusCode=403 Code="Forbidden" innererror ForbiddenByRbac';
const REFUSED = "AADSTS700213: No matching federated identity record found for presented assertion subject 'x'";

type Case = [what: string, spoil: (facts: ChainFacts) => void, broken: LinkName[], says: string];

describe('judgeChain', () => {
  it('finds every link of a whole chain ok, in the order of the chain, what others run left out', () => {
    const { verdict, chain } = judgeChain(healthy());

    expect(chain.filter(({ state }) => state !== 'ok')).toEqual([]);
    expect(verdict).toBe('ok');
    expect(chain.map(({ link }) => link)).toEqual(ALL);
    expect(chain.filter(({ object }) => object.endsWith('/web'))).toEqual([]);
  });

  it.each<Case>([
    ['the workload is gone', (f) => void (itemsOf(f, 'Deployment').length = 0), ['workload'], 'provision'],
    [
      'the workload names another account',
      (f) => void (inside(first(f, 'Deployment'), 'spec', 'template', 'spec')['serviceAccountName'] = 'default'),
      ['workload'],
      'serviceAccountName default',
    ],
    [
      'the pod template has lost its label',
      (f) =>
        void delete inside(first(f, 'Deployment'), 'spec', 'template', 'metadata', 'labels')[
          'azure.workload.identity/use'
        ],
      ['workload'],
      'labelled azure.workload.identity/use',
    ],
    [
      'no pod can be made',
      (f) => {
        itemsOf(f, 'Pod').length = 0;
        const words = 'pods "db-7d9f-" is forbidden: error looking up service account feature-ex-1/db: not found';
        itemsOf(f, 'Event').push(warning('ReplicaSet/db-7d9f', 'FailedCreate', words));
      },
      ['pod'],
      'the service account that the pod names is not there',
    ],
    [
      'the pod runs as it was made before',
      (f) => void (inside(first(f, 'Pod'), 'spec')['serviceAccountName'] = 'default'),
      ['pod'],
      'rollout restart',
    ],
    [
      'the pod holds the client id of before',
      (f) => {
        inside(first(f, 'Pod'), 'spec')['containers'] = [{ env: [{ name: 'AZURE_CLIENT_ID', value: 'old' }] }];
      },
      ['pod-environment'],
      'rollout restart',
    ],
    [
      'the service account is gone',
      (f) => void (itemsOf(f, 'ServiceAccount').length = 0),
      ['service-account'],
      'nothing',
    ],
    [
      'the annotation names another client',
      (f) =>
        void (inside(first(f, 'ServiceAccount'), 'metadata', 'annotations')['azure.workload.identity/client-id'] = 'x'),
      ['annotation'],
      `client-id: ${CLIENT}`,
    ],
    [
      'the annotation for the tenant is gone',
      (f) =>
        void delete inside(first(f, 'ServiceAccount'), 'metadata', 'annotations')['azure.workload.identity/tenant-id'],
      ['annotation'],
      'tenant-id',
    ],
    [
      'the credential is gone',
      (f) => void (identityOf(f).identity.credentials.length = 0),
      ['federated-credential'],
      'provision the branch again',
    ],
    [
      'the credential has another name',
      (f) => void (credentialOf(f).name = 'by-hand'),
      ['federated-credential'],
      'remove federated credential by-hand',
    ],
    [
      'the issuer lacks its slash',
      (f) => void (credentialOf(f).issuer = ISSUER.slice(0, -1)),
      ['issuer'],
      'the trailing slash is part of an issuer',
    ],
    ['the issuer is another', (f) => void (credentialOf(f).issuer = 'https://x/'), ['issuer'], 'https://x/'],
    ['the subject is another', (f) => void (credentialOf(f).subject = 'system:x'), ['subject'], 'system:x'],
    ['the audience is another', (f) => void (credentialOf(f).audiences = ['api://x']), ['audience'], 'api://x'],
    [
      'the identity is gone',
      (f) => void delete identityOf(f).identity.ids,
      ['managed-identity'],
      'Azure knows no such identity',
    ],
    [
      'the pool is empty',
      (f) => {
        const { access } = identityOf(f);
        Object.assign(access, { poolSize: 0, identities: [], placed: [{ serviceAccount: 'db' }] });
      },
      ['managed-identity'],
      'WORKLOAD_IDENTITIES',
    ],
    [
      'no identity is chosen, since all are full',
      (f) => {
        Object.assign(identityOf(f).access, { identities: [], placed: [{ serviceAccount: 'db' }] });
        f.waitingOn = 'waiting for a credential slot: kv-1 holds 20 of 20';
      },
      ['managed-identity'],
      'kv-1 holds 20 of 20',
    ],
    ['the class is gone', (f) => void (itemsOf(f, 'SecretProviderClass').length = 0), ['key-vault-class'], 'nothing'],
    [
      'the class names another Key Vault',
      (f) => void (inside(first(f, 'SecretProviderClass'), 'spec', 'parameters')['keyvaultName'] = 'x'),
      ['key-vault-class'],
      'Key Vault vault-1',
    ],
    [
      'the class names another client',
      (f) => void (inside(first(f, 'SecretProviderClass'), 'spec', 'parameters')['clientID'] = 'x'),
      ['class-client-id'],
      CLIENT,
    ],
    [
      'the class names another tenant',
      (f) => void (inside(first(f, 'SecretProviderClass'), 'spec', 'parameters')['tenantID'] = 'x'),
      ['class-tenant-id'],
      'provision',
    ],
    [
      'the pod was made without the volume',
      (f) => void (inside(first(f, 'Pod'), 'spec')['volumes'] = []),
      ['mount'],
      'does not mount it',
    ],
    ['Entra ID refuses the token', (f) => failMount(f, REFUSED), ['mount'], 'subject of the token'],
    ['the Key Vault refuses the identity', (f) => failMount(f, FORBIDDEN), ['mount', 'key-vault'], 'Secrets User'],
    ['an event says what nobody knows', (f) => failMount(f, 'it is full moon'), ['mount'], 'it is full moon'],
  ])('names the broken link where %s', (_what, spoil, broken, says) => {
    const facts = healthy();
    spoil(facts);

    const { verdict, chain } = judgeChain(facts);

    expect(verdict).toBe('broken');
    const found = chain.filter(({ state }) => state === 'broken');
    expect(found.map(({ link }) => link)).toEqual(broken);
    expect(found.every(({ fix }) => fix !== undefined && fix !== '')).toBe(true);
    expect(JSON.stringify(found)).toContain(says);
  });

  it('leaves unknown what cannot be read, and what hangs on it, and judges the rest', () => {
    const facts = healthy();
    facts.access = { kind: 'unread', why: 'Identity/kv-1: Azure did not answer' };
    // the ids that an overlay renders with before its identity is known
    const zero = '00000000-0000-0000-0000-000000000000';
    facts.rendered = JSON.parse(JSON.stringify(facts.rendered).replaceAll(CLIENT, zero)) as typeof facts.rendered;

    const { verdict, chain } = judgeChain(facts);

    const unknown = chain.filter(({ state }) => state === 'unknown').map(({ link }) => link);
    expect(verdict).toBe('unknown');
    expect(unknown).toEqual(['pod-environment', 'annotation', 'federated-credential', 'class-client-id']);
    expect(chain.filter(({ state }) => state === 'broken')).toEqual([]);
  });

  it.each(
    healthy()
      .live.map(({ kind }) => kind)
      .filter((kind) => kind !== 'Event'),
  )('calls nothing broken because %s cannot be listed, and says why', (kind) => {
    const facts = healthy();
    const at = facts.live.findIndex((one) => one.kind === kind);
    facts.live[at] = { apiVersion: 'x', kind, why: 'the API server did not answer' };

    const { verdict, chain } = judgeChain(facts);

    const isMounts = kind === 'SecretProviderClassPodStatus';
    expect(verdict).toBe('unknown');
    expect(JSON.stringify(chain)).toContain(isMounts ? 'the pod is Running' : 'the API server did not answer');
  });

  it('calls a refused token propagating while the credential is new, and broken afterwards', () => {
    const facts = healthy();
    failMount(facts, REFUSED);
    facts.propagating = { since: facts.now - 40_000, until: facts.now + 560_000 };

    const { verdict, chain } = judgeChain(facts);

    const mount = chain.find(({ link }) => link === 'mount');
    expect(verdict).toBe('unknown');
    expect(mount).toMatchObject({ state: 'unknown', cause: { code: 'AADSTS700213' } });
    expect(mount?.found).toMatch(/^waiting for Entra ID to know the credential, written 40 s ago/);
    expect(mount?.fix).toContain('560 s');
  });

  it('excuses nothing else by a new credential', () => {
    for (const message of [FORBIDDEN, 'AADSTS700212: No matching audience', 'AADSTS700016: Application not found']) {
      const facts = healthy();
      failMount(facts, message);
      facts.propagating = { since: facts.now - 40_000, until: facts.now + 560_000 };

      expect(judgeChain(facts).verdict).toBe('broken');
    }
  });

  it('forgets events of pods that run, of pods that are gone, and of others', () => {
    const facts = healthy();
    const events = itemsOf(facts, 'Event');
    events.push(warning('Pod/db-7d9f-x', 'FailedMount', REFUSED));
    events.push(warning('Pod/db-7d9f-gone', 'FailedMount', REFUSED));
    events.push(warning('ReplicaSet/db-other-7d9f', 'FailedCreate', 'x'));

    expect(judgeChain(facts).verdict).toBe('ok');
  });

  it('goes by the newest event of a pod', () => {
    const facts = healthy();
    failMount(facts, FORBIDDEN);
    itemsOf(facts, 'Event').push(warning('Pod/db-7d9f-x', 'FailedMount', REFUSED, '2026-11-23T10:05:00Z'));

    expect(judgeChain(facts).chain.find(({ link }) => link === 'mount')?.cause?.code).toBe('Forbidden');
  });

  it('judges each pod, and leaves out one that is being deleted', () => {
    const facts = healthy();
    const leaving = pod('db-7d9f-old');
    leaving.metadata['deletionTimestamp'] = '2026-11-23T10:09:00Z';
    inside(leaving, 'spec')['serviceAccountName'] = 'default';
    itemsOf(facts, 'Pod').push(leaving, pod('db-7d9f-y'));

    const pods = judgeChain(facts).chain.filter(({ link }) => link === 'pod');

    expect(pods.map(({ object, state }) => `${object} ${state}`)).toEqual([
      `Pod/${NAMESPACE}/db-7d9f-x ok`,
      `Pod/${NAMESPACE}/db-7d9f-y ok`,
    ]);
  });

  it('says that SDKs get no token where the webhook did not see the pod, and calls the mounts ok', () => {
    const facts = healthy();
    inside(first(facts, 'Pod'), 'spec')['containers'] = [{ name: 'db' }];

    const { verdict, chain } = judgeChain(facts);

    expect(verdict).toBe('unknown');
    expect(chain.filter(({ state }) => state !== 'ok')).toMatchObject([
      { link: 'pod-environment', fix: expect.stringContaining('--enable-workload-identity') },
    ]);
  });

  it('asks for the overlays where they do not render', () => {
    const { verdict, chain } = judgeChain({ ...healthy(), rendered: { kind: 'unread', why: 'OVERLAY_X is not set' } });

    expect(verdict).toBe('unknown');
    expect(chain).toMatchObject([{ state: 'unknown', found: 'OVERLAY_X is not set' }]);
  });

  it('names an identity of the overlay that is none of the pool, and one that has left the pool', () => {
    const facts = healthy();
    const { access, identity } = identityOf(facts);
    identity.isPooled = false;
    expect(judgeChain(facts).chain.find(({ link }) => link === 'managed-identity')).toMatchObject({
      state: 'ok',
      object: `Identity/${IDENTITY.split('/').at(-1)}`,
      found: expect.stringContaining('moves when it is provisioned again'),
    });

    facts.wanted = facts.wanted.map((one) => ({ ...one, clientId: 'literal' }));
    access.placed = [{ serviceAccount: 'db' }];
    expect(judgeChain(facts).chain.find(({ link }) => link === 'managed-identity')).toMatchObject({
      state: 'unknown',
      found: expect.stringContaining('literal'),
    });
  });
});
