import { text } from 'node:stream/consumers';
import type { LifeWorld } from './life/life-world.ts';

/** Everything in the app's storage account as it lies there: blobs with their metadata, and what waits on queues. */
export async function readStored({ direct }: LifeWorld): Promise<string[]> {
  const stored: string[] = [];
  for await (const { name } of direct.blobs.listContainers()) {
    const container = direct.blobs.getContainerClient(name);
    for await (const blob of container.listBlobsFlat({ includeMetadata: true })) {
      const { readableStreamBody } = await container.getBlobClient(blob.name).download();
      const body = readableStreamBody === undefined ? '' : await text(readableStreamBody);
      stored.push(`blob ${name}/${blob.name} ${JSON.stringify(blob.metadata ?? {})} ${body}`);
    }
  }
  for await (const { name } of direct.queues.listQueues()) {
    const { peekedMessageItems } = await direct.queues.getQueueClient(name).peekMessages({ numberOfMessages: 32 });
    for (const { messageText } of peekedMessageItems) stored.push(toMessage(name, messageText));
  }
  return stored;
}

/** A message as it lies on its queue, and what it says. */
export function toMessage(queue: string, messageText: string): string {
  return `message on ${queue} ${messageText} ${Buffer.from(messageText, 'base64').toString()}`;
}
