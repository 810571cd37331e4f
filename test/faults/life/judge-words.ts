import type { Lived } from './life.ts';
import { findPlanted } from '../planted.ts';

/** What a life with faults said that it may not say: secrets, stacks, more than one line. */
export function judgeWords(lived: Pick<Lived, 'log' | 'answers' | 'thrown' | 'ends' | 'stored'>): string[] {
  const { log, answers, thrown, ends, stored } = lived;
  const said = [...log, ...answers, ...thrown.map(textOf), ...stored, JSON.stringify([...ends])];
  // the objects of the stand-in hold the planted Secret itself
  const told = said.map((text) => text.replaceAll(/"Secret\/[^"]*":\{.*?"phase":"\w+"\}/g, ''));
  const wrong: string[] = [];
  for (const text of told) {
    const form = findPlanted(text);
    if (form === undefined) continue;
    const at = text.indexOf(form);
    wrong.push(`a secret was told: ${text.slice(Math.max(0, at - 150), at + 50)}`);
    break;
  }
  const stack = [...log, ...thrown.map(textOf)].find((text) => /\n\s+at |\\n\s+at /.test(text));
  if (stack !== undefined) wrong.push(`a stack was logged: ${stack.slice(0, 200)}`);
  for (const line of log) {
    const poor = line.startsWith('error ') ? judgeFailure(line) : undefined;
    if (poor !== undefined) wrong.push(`${poor}: ${line.slice(0, 300)}`);
  }
  return wrong;
}

interface FailureLine {
  code?: string;
  message?: string;
  object?: string;
  step?: string;
  fix?: string;
  requestId?: string;
}

/** Whether a line about a failure says what failed, on what, why and what fixes it. */
function judgeFailure(line: string): string | undefined {
  const fields = JSON.parse(line.slice(line.indexOf(' {') + 1)) as FailureLine;
  const { code = '', message = '', object, step, fix } = fields;
  if (message === '' || /[\n\r]/.test(message)) return 'not one line that says why';
  if (message.length > 600) return 'more than one line can hold';
  if (code === 'internal') return 'a fault of ours, or one that was not recognised';
  if (fix === undefined || fix === '') return 'no fix';
  if (!/^error (failed|request failed)/.test(line)) return undefined;
  if (object === undefined) return 'no object';
  return line.startsWith('error failed ') && step === undefined ? 'no step' : undefined;
}

function textOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  return [thrown.message, thrown.stack, thrown.cause === undefined ? '' : textOf(thrown.cause)].join(' ');
}
