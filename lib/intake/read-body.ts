import { type Answer, failed } from './answer.ts';

/** 1 MiB: over anything that the app is sent but a branch's own manifests. */
export const MAX_BODY_BYTES = 1024 * 1024;

interface Incoming {
  headers: { get(name: string): string | null };
  body: AsyncIterable<unknown> | null;
}

/**
 * Answers by the body's bytes, or 413 where there are more than `maxBytes`: by Content-Length before a byte is read, else
 * by the bytes themselves, of which no more are taken. The host hands over bodies of up to 100 MB.
 */
export async function withBody(
  request: Incoming,
  { requestId, maxBytes = MAX_BODY_BYTES }: { requestId: string; maxBytes?: number },
  work: (bytes: Uint8Array) => Promise<Answer>,
): Promise<Answer> {
  const bytes = await readBody(request, maxBytes);
  if (bytes !== undefined) return work(bytes);
  const message = `the body is over ${maxBytes / (1024 * 1024)} MiB`;
  return failed({ status: 413, code: 'too-large', message, requestId });
}

/** The bytes as they came: text() drops a byte order mark and fixes bad UTF-8, which changes what was signed. */
export async function readBody({ headers, body }: Incoming, maxBytes: number): Promise<Uint8Array | undefined> {
  if (Number(headers.get('content-length')) > maxBytes) return undefined;
  if (body === null) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    const bytes = chunk as Uint8Array;
    size += bytes.byteLength;
    if (size > maxBytes) return undefined;
    chunks.push(bytes);
  }
  return new Uint8Array(Buffer.concat(chunks));
}
