import type { DequeuedMessageItem } from '@azure/storage-queue';
import type { TypedData } from '../core-types.ts';

/** The text of a message as the queues extension decodes it; undefined for what is not base64. */
export function decodeMessage(text: string): string | undefined {
  const compact = text.replace(/[ \t\r\n]/g, '');
  if (compact.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(compact)) return undefined;
  return Buffer.from(compact, 'base64').toString('utf8');
}

/**
 * What the app finds in context.triggerMetadata: the message's own properties, then, by the same names whatever their
 * case, the top-level properties of a JSON object in it. The host lets the latter win, so nothing may be decided on them.
 */
export function triggerMetadata(message: DequeuedMessageItem, text: string): Record<string, TypedData> {
  const metadata: Record<string, TypedData> = {
    QueueTrigger: { string: text },
    DequeueCount: { json: JSON.stringify(message.dequeueCount) },
    ExpirationTime: { json: JSON.stringify(message.expiresOn) },
    Id: { string: message.messageId },
    InsertionTime: { json: JSON.stringify(message.insertedOn) },
    NextVisibleTime: { json: JSON.stringify(message.nextVisibleOn) },
    PopReceipt: { string: message.popReceipt },
  };
  for (const [name, value] of Object.entries(topLevel(text))) {
    if (value === null || Array.isArray(value)) continue;
    const known = Object.keys(metadata).find((key) => key.toLowerCase() === name.toLowerCase());
    metadata[known ?? name] = typeof value === 'object' ? { json: JSON.stringify(value) } : { string: String(value) };
  }
  return metadata;
}

function topLevel(text: string): object {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed) ? parsed : {};
  } catch {
    return {};
  }
}
