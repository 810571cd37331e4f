import type { KubeObject } from '../environment/ports/cluster.ts';

/** Fields with base64 values; kustomize's secretGenerator writes them from the author's text. */
const ENCODED = { Secret: 'data', ConfigMap: 'binaryData' } as const;

/** The field of this object whose values are base64, if it has one. */
export function encodedFieldOf({ apiVersion, kind }: KubeObject): 'data' | 'binaryData' | undefined {
  return apiVersion === 'v1' && (kind === 'Secret' || kind === 'ConfigMap') ? ENCODED[kind] : undefined;
}

/** Applies `replace` to the text that a base64 value encodes; what is not text, or does not change, stays as it is. */
export function replaceEncoded(encoded: string, replace: (text: string) => string): string {
  const bytes = Buffer.from(encoded, 'base64');
  const text = bytes.toString('utf8');
  if (!Buffer.from(text, 'utf8').equals(bytes)) return encoded;
  const replaced = replace(text);
  return replaced === text ? encoded : Buffer.from(replaced, 'utf8').toString('base64');
}
