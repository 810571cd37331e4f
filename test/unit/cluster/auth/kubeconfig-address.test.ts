import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addressOf, connectKubeconfig, keepUsers } from '../../../../lib/cluster/auth/kubeconfig.ts';
import { hideSecrets } from '../../../../lib/secrets.ts';
import { KubeConfig } from '../../../../lib/sdk/kubernetes-client.ts';

const SERVER = 'https://127.0.0.1:6443';
const FIX = 'look at CLUSTER_KUBECONFIG, CLUSTER_CONTEXT and CLUSTER_DEPROVISIONER_CONTEXT';

const textOf = (cluster: object, user: object, contexts: object[] = []): string =>
  JSON.stringify({
    clusters: [
      { name: 'c', cluster },
      { name: 'd', cluster: { server: 'https://127.0.0.1:2' } },
    ],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'one', context: { cluster: 'c', user: 'u' } }, ...contexts],
    'current-context': 'one',
  });
function configOf(cluster: object, user: object): KubeConfig {
  const config = new KubeConfig();
  config.loadFromString(textOf(cluster, user));
  return config;
}
const base64 = (text: string): string => Buffer.from(text).toString('base64');

afterEach(() => {
  jest.restoreAllMocks();
});

describe('what a context says of its cluster', () => {
  it('is where it is, whom to trust and who calls', async () => {
    const config = configOf(
      { server: SERVER, 'certificate-authority-data': base64('ca'), 'tls-server-name': 'inner.example.org' },
      { 'client-certificate-data': base64('cert'), 'client-key-data': base64('key') },
    );
    const { server, tls, authorization } = await addressOf(config);
    expect({ server, tls, headers: await authorization() }).toEqual({
      server: SERVER,
      tls: {
        ca: Buffer.from('ca'),
        cert: Buffer.from('cert'),
        key: Buffer.from('key'),
        servername: 'inner.example.org',
      },
      headers: {},
    });
  });

  it('is that nothing is to be verified only where it says so', async () => {
    const { tls } = await addressOf(configOf({ server: SERVER, 'insecure-skip-tls-verify': true }, { token: 't' }));
    expect(tls).toStrictEqual({ rejectUnauthorized: false });
    expect((await addressOf(configOf({ server: SERVER }, { token: 't' }))).tls).toStrictEqual({});
  });

  it.each<[string, object, string]>([
    ['an empty server', { server: '/' }, 'kubeconfig: the context names no cluster with a server'],
    [
      'a proxy',
      { server: SERVER, 'proxy-url': 'http://127.0.0.1:2' },
      'kubeconfig: the cluster has a proxy-url, which is not supported',
    ],
  ])('can not be used with %s', async (_, cluster, message) => {
    await expect(addressOf(configOf(cluster, { token: 't' }))).rejects.toMatchObject({
      ...{ code: 'settings', object: 'Cluster', message, fix: FIX },
    });
  });

  it('can not be used without a cluster', async () => {
    const config = configOf({ server: SERVER }, { token: 't' });
    config.setCurrentContext('another');
    await expect(addressOf(config)).rejects.toMatchObject({
      message: 'kubeconfig: the context names no cluster with a server',
    });
  });

  it('can not be used where its credentials can not, and says what the system said', async () => {
    const config = configOf({ server: SERVER }, { token: 't' });
    const cause = Object.assign(new Error('x'), { code: 'EACCES' });
    jest.spyOn(config, 'applyToHTTPSOptions').mockRejectedValue(cause);
    await expect(addressOf(config)).rejects.toMatchObject({
      code: 'settings',
      message: 'kubeconfig: the credentials that the context names can not be used (EACCES)',
      cause,
    });
  });
});

describe('the headers of a context', () => {
  const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: 'x', interactiveMode: 'Never' };

  it.each<[string, object, number, number]>([
    ['a token', { token: 't' }, 3_600_000, 1],
    ['an exec plug-in, for a minute', { exec }, 60_000, 1],
    ['an exec plug-in, after a minute', { exec }, 60_001, 2],
    ['an auth provider, after a minute', { 'auth-provider': { name: 'oidc', config: {} } }, 60_001, 2],
  ])('are asked for again only where they may have changed: of %s', async (_, user, ms, times) => {
    const config = configOf({ server: SERVER }, user);
    let asked = 0;
    jest.spyOn(config, 'applyToHTTPSOptions').mockImplementation(async (options) => {
      asked += 1;
      Object.assign(options, { headers: { 'x-asked': String(asked) }, ...(asked === 2 && { auth: 'a:b' }) });
    });
    let now = 1_000_000;
    jest.spyOn(Date, 'now').mockImplementation(() => now);
    const { authorization } = await addressOf(config);
    now += ms;
    const expected = times === 1 ? { 'x-asked': '1' } : { 'x-asked': '2', Authorization: 'Basic YTpi' };
    expect(await authorization()).toEqual(expected);
    // what was asked for then counts from then
    if (times === 2) now += 60_000;
    expect(await authorization()).toEqual(expected);
    expect(asked).toBe(times);
  });
});

it('keeps every secret of a kubeconfig out of texts from then on', () => {
  const secrets = {
    token: 'a-token-of-a-user',
    password: 'a-password-of-a-user',
    'client-key-data': 'a-key-of-a-user',
  };
  keepUsers(configOf({ server: SERVER }, { username: 'a', ...secrets }));
  expect(hideSecrets(Object.values(secrets).join(' '))).toBe('*** *** ***');
});

describe('a kubeconfig', () => {
  let dir: string;
  let file: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'kubeconfig-'));
    file = join(dir, 'config');
  });
  afterEach(() => rm(dir, { recursive: true }));
  const opening = (context: string) => connectKubeconfig({ file, context }).open();

  it('is used by the context that is named, and not by the current one', async () => {
    const two = { name: 'two', context: { cluster: 'd', user: 'u' } };
    await writeFile(file, textOf({ server: SERVER }, { token: 'the-token-of-the-file' }, [two]));
    expect((await opening('two')).origin).toBe('https://127.0.0.1:2');
    expect((await opening('one')).origin).toBe(SERVER);
    expect(hideSecrets('the-token-of-the-file')).toBe('***');
  });

  it('names the contexts that it has, the first twenty of many', async () => {
    const more = Array.from({ length: 20 }, (_, index) => ({
      name: `c${index}`,
      context: { cluster: 'c', user: 'u' },
    }));
    await writeFile(file, textOf({ server: SERVER }, { token: 't' }, more));
    const names = ['one', ...more.map(({ name }) => name)].slice(0, 20).join(', ');
    await expect(opening('x"y')).rejects.toMatchObject({
      code: 'settings',
      object: 'Cluster',
      message: `kubeconfig: ${file} has no context "x\\"y"; it has ${names}`,
      fix: FIX,
    });
    await writeFile(file, JSON.stringify({ clusters: [], users: [], contexts: [] }));
    await expect(opening('one')).rejects.toMatchObject({
      message: `kubeconfig: ${file} has no context "one"; it has none`,
    });
  });

  it('is told apart from a file that is not there, and from what can not be read', async () => {
    await expect(opening('one')).rejects.toMatchObject({
      message: `kubeconfig: ${file} does not exist (ENOENT)`,
      cause: expect.objectContaining({ code: 'ENOENT' }),
      fix: FIX,
    });
    await mkdir(file);
    await expect(opening('one')).rejects.toMatchObject({
      message: `kubeconfig: ${file} is not a kubeconfig that can be read (EISDIR)`,
    });
    await rm(file, { recursive: true });
    await writeFile(file, '{');
    await expect(opening('one')).rejects.toMatchObject({
      message: `kubeconfig: ${file} is not a kubeconfig that can be read`,
    });
  });
});
