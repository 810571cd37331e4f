import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Answer } from './answer.ts';

/** What fits in one packet is not worth packing. */
const PACKED_FROM_BYTES = 1_400;

const pack = promisify(gzip);

/** An answer as the host takes it. */
export interface Response {
  status: number;
  headers?: Record<string, string>;
  jsonBody?: unknown;
  body?: Uint8Array<ArrayBuffer>;
}

/** An answer to a reader: packed where that is worth it and the caller takes it, since the host packs nothing on Linux. */
export async function toResponse(
  { status, body, headers }: Answer,
  request: { headers: { get(name: string): string | null } },
): Promise<Response> {
  if (status === 304) return { status, headers: { ...headers, ...VARY } };
  const bytes = acceptsGzip(request.headers.get('accept-encoding') ?? undefined)
    ? Buffer.from(JSON.stringify(body))
    : undefined;
  if (bytes === undefined || bytes.byteLength < PACKED_FROM_BYTES) {
    return { status, headers: { ...headers, ...VARY }, jsonBody: body };
  }
  const etag = headers?.['etag'];
  return {
    status,
    headers: {
      ...headers,
      ...VARY,
      ...(etag !== undefined && { etag: `W/${etag}` }),
      'content-type': 'application/json',
      'content-encoding': 'gzip',
    },
    body: new Uint8Array(await pack(bytes)),
  };
}

const VARY = { vary: 'accept-encoding' };

/** Whether an Accept-Encoding header takes gzip by name. */
export function acceptsGzip(header: string | undefined): boolean {
  return (header ?? '').split(',').some((one) => {
    const [name, quality = '1'] = one
      .trim()
      .toLowerCase()
      .split(/\s*;\s*q=/);
    return name === 'gzip' && Number(quality) > 0;
  });
}
