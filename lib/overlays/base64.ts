import type { KubeObject } from '../environment/ports/cluster.ts';

/** Fields whose values are base64 of what the author wrote: kustomize's secretGenerator fills `data` so. */
const ENCODED = { Secret: 'data', ConfigMap: 'binaryData' } as const;

/** The field of this object that is base64, if it has one. */
export function encodedFieldOf({ apiVersion, kind }: KubeObject): 'data' | 'binaryData' | undefined {
  return apiVersion === 'v1' && (kind === 'Secret' || kind === 'ConfigMap') ? ENCODED[kind] : undefined;
}

/** `replace` done to the text that a base64 value stands for; what is no text, or does not change, stays as it was. */
export function replaceEncoded(encoded: string, replace: (text: string) => string): string {
  const bytes = Buffer.from(encoded, 'base64');
  const text = bytes.toString('utf8');
  if (!Buffer.from(text, 'utf8').equals(bytes)) return encoded;
  const replaced = replace(text);
  return replaced === text ? encoded : Buffer.from(replaced, 'utf8').toString('base64');
}
