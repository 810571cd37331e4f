import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { BlobServiceClient } from '@azure/storage-blob';
import { QueueServiceClient } from '@azure/storage-queue';
import { isListening, startAzurite } from '../../../../local/azurite/azurite.ts';

describe('startAzurite', () => {
  it('serves blobs and queues on free ports to the SDKs as they are, and frees the ports when stopped', async () => {
    const azurite = await startAzurite();
    const blobs = BlobServiceClient.fromConnectionString(azurite.connectionString).getContainerClient('records');
    const queue = QueueServiceClient.fromConnectionString(azurite.connectionString).getQueueClient('requests');
    await blobs.create();
    await blobs.uploadBlockBlob('one.json', '{}', 2);
    await queue.create();
    await queue.sendMessage('e30=', { messageTimeToLive: -1 });

    const { receivedMessageItems } = await queue.receiveMessages();

    expect(await blobs.getBlobClient('one.json').exists()).toBe(true);
    expect(receivedMessageItems.map((item) => item.messageText)).toEqual(['e30=']);
    const port = Number(new URL(azurite.blobUrl).port);
    expect(await isListening(port)).toBe(true);
    await azurite.stop();
    expect(await isListening(port)).toBe(false);
  });

  it('says why when a port is taken', async () => {
    const first = await startAzurite();
    const blobPort = Number(new URL(first.blobUrl).port);

    await expect(startAzurite({ blobPort })).rejects.toThrow(/EADDRINUSE/);

    await first.stop();
  });

  it('ends when the process that started it is killed', async () => {
    const module = new URL('../../../../local/azurite/azurite.ts', import.meta.url).href;
    const script = `const { startAzurite } = await import('${module}'); console.log((await startAzurite()).blobUrl);`;
    const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    const port = Number(new URL(line.toString().trim()).port);

    parent.kill('SIGKILL');

    await once(parent, 'exit');
    const deadline = Date.now() + 10_000;
    while ((await isListening(port)) && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await isListening(port)).toBe(false);
  });
});
