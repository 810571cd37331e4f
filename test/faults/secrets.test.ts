import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ManagedIdentityCredential } from '@azure/identity';
import { withSafeErrors } from '../../lib/azure/token-credential.ts';
import { judgeWords } from './life/judge-words.ts';
import type { Lived } from './life/life.ts';
import { tryFaults } from './life/lives.ts';
import { MARK, PLANTED, findPlanted } from './planted.ts';
import { type StorageAccounts, startStorageAccounts } from './life/storage-accounts.ts';
import { CLIENT_IDS, type TokenEndpoint, startTokenEndpoint } from './life/token-endpoint.ts';

const SHARE = 20;
const SEED = 20_261_126;

let accounts: StorageAccounts;
let endpoint: TokenEndpoint;

beforeAll(async () => {
  [accounts, endpoint] = await Promise.all([startStorageAccounts(SHARE + 1), startTokenEndpoint()]);
});
afterAll(() => Promise.all([accounts.stop(), endpoint.close()]));

const credentialOf = (user: 'provisioner' | 'deprovisioner') =>
  withSafeErrors(new ManagedIdentityCredential({ clientId: CLIENT_IDS[user] }), { clientId: CLIENT_IDS[user] });

const silent = (): Pick<Lived, 'log' | 'answers' | 'thrown' | 'ends' | 'stored'> => ({
  log: [],
  answers: [],
  thrown: [],
  ends: new Map(),
  stored: [],
});

describe('secrets in settings, headers, token answers and Kubernetes Secrets', () => {
  it('are in no log line, answer, record, message or error, though every peer that fails quotes them all', async () => {
    const lives: Lived[] = [];
    const { failures, tried } = await tryFaults({
      accounts,
      seed: SEED,
      share: SHARE,
      // a fault that passes is not told, and one without an answer tells nothing
      only: ({ stubborn, kind }) => stubborn && /^\d|not-json/.test(kind),
      credentialOf,
      onLived: (lived) => void lives.push(lived),
    });

    expect(failures).toEqual([]);
    expect(tried).toBe(SHARE);
    expect(endpoint.counts.given).toBeGreaterThan(1);
    // the peers did tell, and what they told was taken out
    const told = lives.flatMap(({ log, stored }) => [...log, ...stored]);
    expect(told.some((text) => text.includes('***'))).toBe(true);
    expect(lives.some(({ stored }) => stored.some((text) => text.startsWith('message on ')))).toBe(true);
    expect(lives.some(({ stored }) => stored.some((text) => text.startsWith('blob identities/')))).toBe(true);
  }, 900_000);

  it('are not in the error where the token endpoint quotes them', async () => {
    endpoint.refuse(1);
    const credential = withSafeErrors(new ManagedIdentityCredential({ clientId: 'another' }), { clientId: 'another' });
    const refused: unknown = await credential.getToken('aks/.default').catch((error: unknown) => error);

    expect(refused).toMatchObject({ code: 'unavailable', object: 'ManagedIdentity/another' });
    expect((refused as Error).message).toMatch(/no token for the app's identity .*CredentialUnavailableError$/);
    expect(endpoint.counts.refused).toBe(1);
  });
});

// a search that finds nothing proves nothing unless it would have found it
describe('the search for planted secrets', () => {
  it.each([
    ['as it is', PLANTED.githubToken],
    ['in a URL', encodeURIComponent(PLANTED.githubToken)],
    ['twice in a URL', encodeURIComponent(encodeURIComponent(PLANTED.githubToken))],
    ['with JSON escapes', JSON.stringify(PLANTED.overlay).replace('/', '\\/')],
    ['as an account key', PLANTED.accountKey],
    ['in base64', Buffer.from(PLANTED.overlay).toString('base64')],
    ['in base64 after one byte', Buffer.from(`:${PLANTED.overlay}`).toString('base64')],
    ['in base64 after two, for URLs', Buffer.from(`::${MARK}x`).toString('base64url')],
  ])('finds one %s', (_how, text) => {
    expect(findPlanted(`before ${text} after`)).toBeDefined();
  });

  it.each(['log', 'answers', 'thrown', 'stored'] as const)('looks into %s', (where) => {
    expect(judgeWords({ ...silent(), [where]: [`info x {"y":"${PLANTED.githubToken}"}`] })).toEqual([
      expect.stringContaining('a secret was told'),
    ]);
    expect(judgeWords({ ...silent(), [where]: ['info x {}'] })).toEqual([]);
  });

  it('finds a stack that a function threw to its host', () => {
    expect(judgeWords({ ...silent(), thrown: [new Error('of somewhere')] })).toEqual([
      expect.stringContaining('a stack was logged'),
    ]);
  });
});
