import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectKubeconfig } from '../../../../lib/cluster/auth/kubeconfig.ts';

function config(cluster: object, user: object): string {
  return JSON.stringify({
    clusters: [{ name: 'c', cluster: { server: 'https://127.0.0.1:1', ...cluster } }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'one', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'one',
  });
}

describe('connectKubeconfig', () => {
  let dir: string;
  let file: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'kubeconfig-'));
    file = join(dir, 'kubeconfig');
  });
  afterEach(async () => {
    delete process.env['KUBECONFIG'];
    await rm(dir, { recursive: true });
  });

  async function headersOf(text: string): Promise<Record<string, string>> {
    await writeFile(file, text);
    const connection = connectKubeconfig({ file, context: 'one' });
    const headers = await (await connection.open()).authorization();
    await connection.close();
    return headers;
  }

  it('sends the token, the name and password, or what an exec plug-in says', async () => {
    expect(await headersOf(config({}, { token: 't' }))).toEqual({ Authorization: 'Bearer t' });
    expect(await headersOf(config({}, { username: 'a', password: 'b' }))).toEqual({ Authorization: 'Basic YTpi' });
    const credential = {
      apiVersion: 'client.authentication.k8s.io/v1',
      kind: 'ExecCredential',
      status: { token: 'e' },
    };
    const exec = {
      apiVersion: credential.apiVersion,
      command: process.execPath,
      args: ['-e', `console.log(${JSON.stringify(JSON.stringify(credential))})`],
      interactiveMode: 'Never',
    };
    expect(await headersOf(config({}, { exec }))).toEqual({ Authorization: 'Bearer e' });
  });

  it('is a settings fault without the file, never the one that KUBECONFIG names instead', async () => {
    await writeFile(join(dir, 'other'), config({}, { token: 't' }));
    process.env['KUBECONFIG'] = join(dir, 'other');
    const opening = connectKubeconfig({ file, context: 'one' }).open();
    await expect(opening).rejects.toMatchObject({
      code: 'settings',
      message: expect.stringMatching(/^kubeconfig: .* does not exist \(ENOENT\)$/),
    });
  });

  it('is a settings fault without the context, never the current one instead', async () => {
    await writeFile(file, config({}, { token: 't' }));
    const opening = connectKubeconfig({ file, context: 'another' }).open();
    await expect(opening).rejects.toMatchObject({ code: 'settings', message: expect.stringMatching(/no context/) });
  });

  it('says that a file is there, where it is no kubeconfig', async () => {
    await writeFile(file, '{');
    await expect(connectKubeconfig({ file, context: 'one' }).open()).rejects.toMatchObject({
      code: 'settings',
      message: expect.stringMatching(/is not a kubeconfig that can be read/),
    });
  });

  it.each([
    ['text that is no kubeconfig', 'contexts: 5'],
    ['a proxy', config({ 'proxy-url': 'http://127.0.0.1:2' }, { token: 't' })],
    [
      'an exec plug-in that is not there',
      config({}, { exec: { command: '/absent', apiVersion: 'client.authentication.k8s.io/v1' } }),
    ],
  ])('is a settings fault with %s', async (_, text) => {
    await expect(headersOf(text)).rejects.toMatchObject({ code: 'settings' });
  });
});
