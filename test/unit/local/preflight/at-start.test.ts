import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { startAzurite } from '../../../../local/azurite/azurite.ts';
import { projectRoot } from '../../../../local/build/build.ts';

const DEAD = 'http://127.0.0.1:9/x';

async function lookWith(settings: Record<string, string>): Promise<string> {
  const program = join(projectRoot, 'local', 'preflight', 'at-start.ts');
  const child = spawn(process.execPath, ['--no-warnings', program], {
    env: { PATH: process.env['PATH'], ...settings },
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  expect(code).toBe(0);
  return said;
}

describe('what npm start looks at', () => {
  it('names every setting that a new user must write, and what to write', async () => {
    const said = await lookWith({});

    for (const name of ['GITHUB_REPOSITORIES', 'GITHUB_WEBHOOK_SECRET', 'AzureWebJobsStorage', 'AKS_CLUSTER_ID'])
      expect(said).toMatch(new RegExp(`^✗ settings .*${name}`, 'm'));
    expect(said).toMatch(/^✗ storage +not asked: see above$/m);
    expect(said).toMatch(/^✗ cluster +not asked: see above$/m);
  });

  it('tells storage that is dead, a kubeconfig that is not there, and goes on', async () => {
    const said = await lookWith({
      GITHUB_REPOSITORIES: 'acme/shop',
      GITHUB_WEBHOOK_SECRET: 'a secret of sixteen bytes',
      AzureWebJobsStorage: `DefaultEndpointsProtocol=http;AccountName=x;AccountKey=eA==;BlobEndpoint=${DEAD};QueueEndpoint=${DEAD};`,
      CLUSTER_KUBECONFIG: '/nowhere/config',
      CLUSTER_CONTEXT: 'here',
    });

    expect(said).toMatch(/^✓ settings +read$/m);
    expect(said).toMatch(/^✗ storage .*\n +fix: start it, or fix the setting/m);
    expect(said).toMatch(/^✗ cluster .*\/nowhere\/config does not exist.*\n +fix: .*CLUSTER_KUBECONFIG/m);
  });

  it('finds storage that serves', async () => {
    const azurite = await startAzurite();
    const said = await lookWith({ AzureWebJobsStorage: azurite.connectionString });
    await azurite.stop();

    expect(said).toMatch(/^✓ storage /m);
  });
});
