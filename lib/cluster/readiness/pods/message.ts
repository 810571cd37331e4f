import { toSafeLine } from '../../../secrets.ts';
import { shorten } from '../../api/status.ts';

/** Codes by which a person finds the cause; the words around them repeat paths and requests. */
const DECISIVE = /AADSTS\d+|SecretNotFound|Forbidden(?:By\w+)?\b|no such host/;
const AFTER_CODE = 260;
const HEAD = 90;

/** A message of Kubernetes, short enough for a record: its object, and its end, where the cause stands. */
export function toCause(message: string | undefined): string {
  const line = toSafeLine(message ?? '').replace(/^\(combined from similar events\): /, '');
  const code = DECISIVE.exec(line);
  if (code === null || line.length < 300) return shorten(line);
  const decisive = sentenceFrom(line, code.index);
  const head = line.slice(0, Math.min(HEAD, code.index));
  return head.length === code.index ? head + decisive : `${head.trimEnd()} … ${decisive}`;
}

/** Entra ID's first sentence says what is wrong; the second one says to check it. */
function sentenceFrom(line: string, index: number): string {
  const rest = line.slice(index, index + AFTER_CODE);
  const end = /\. (?=[A-Z])/.exec(rest);
  return (end === null ? rest : rest.slice(0, end.index)).replace(/["}\s]+$/, '');
}

/** The scheduler's words without its talk of claims and preemption. */
export function toSchedulerWords(message: string | undefined): string {
  return toSafeLine(message ?? '')
    .replace(/[.,]? (no new claims to deallocate|preemption:).*$/, '')
    .replace(/\.$/, '');
}

/** An admission's refusal without the name of a pod that never was: each try has another. */
export function toRefusal(message: string | undefined): string {
  return toCause(message)
    .replace(/^Error creating: /, '')
    .replace(/^create Pod \S+ in StatefulSet \S+ failed error: /, '')
    .replace(/\b(pods? )"([a-z0-9.-]+)-[a-z0-9]{5}"/g, '$1"$2-…"');
}
