import { isImageTag } from '../environment/model/image-tag.ts';
import { isObject } from '../is-object.ts';
import { type Answer, failed } from './answer.ts';

/** The text of a delivery's JSON, from a JSON or a form body (FACTS C9). */
export function readPayload(
  bytes: Uint8Array,
  mediaType: 'json' | 'form',
): { payload: unknown } | { malformed: string } {
  const text = decode(bytes);
  if (text === undefined) return { malformed: 'the body is not UTF-8' };
  // the Content-Type is not signed: the same bytes must not be read as JSON once and as a form another time
  if (mediaType === 'json') return text.startsWith('{') ? parse(text) : { malformed: 'the body does not begin with {' };
  const [field, ...others] = new URLSearchParams(text);
  if (text.startsWith('{') || field?.[0] !== 'payload' || others.length > 0)
    return { malformed: 'the form is not exactly one field named payload' };
  return parse(field[1]);
}

export function toMediaType(contentType: string | undefined): 'json' | 'form' | undefined {
  const type = contentType?.split(';')[0]?.trim().toLowerCase();
  if (type === 'application/json') return 'json';
  return type === 'application/x-www-form-urlencoded' ? 'form' : undefined;
}

/** 415 unless the body is said to be JSON; where no type is handed over, nothing is said. */
export function refuseOtherThanJson(call: { contentType?: string; requestId: string }): Answer | undefined {
  const { contentType, requestId } = call;
  if (contentType === undefined || toMediaType(contentType) === 'json') return undefined;
  const message = 'Content-Type is not application/json (curl: --json, or -H "content-type: application/json")';
  return failed({ status: 415, code: 'media-type', message, requestId });
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Text of bytes that are UTF-8; a byte order mark stays, and is no JSON. */
export function decode(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/** The value of JSON text, or why it has none; parser's words stay inside, since they quote the text. */
export function parse(
  text: string,
  parser: (text: string) => unknown = JSON.parse,
): { payload: unknown } | { malformed: string } {
  try {
    return { payload: parser(text) };
  } catch {
    return { malformed: 'the body is not JSON' };
  }
}

/**
 * The fields of a body that is a JSON object with no others than these; one that is not known is named, so that a
 * misspelt dryRun changes nothing.
 */
export function readFields<Field extends string>(
  text: string,
  known: readonly Field[],
  parser?: (text: string) => unknown,
): { fields: Partial<Record<Field, unknown>> } | { malformed: string } {
  const parsed = parse(text, parser);
  if ('malformed' in parsed) return parsed;
  const { payload } = parsed;
  if (!isObject(payload)) return { malformed: 'the body is not a JSON object' };
  const unknown = Object.keys(payload).find((field) => !(known as readonly string[]).includes(field));
  if (unknown !== undefined)
    return {
      malformed: `field ${JSON.stringify(unknown.slice(0, 40))} is not known; the fields are ${known.join(', ')}`,
    };
  return { fields: payload as Partial<Record<Field, unknown>> };
}

export const NO_IMAGE_TAG = {
  malformed: 'imageTag is not an image tag: a letter, digit or _ and up to 127 of letters, digits, _ . -',
} as const;

/** Whether a body names an image tag, or none. */
export function isTagOrNone(imageTag: unknown): imageTag is string | undefined {
  return imageTag === undefined || (typeof imageTag === 'string' && isImageTag(imageTag));
}
