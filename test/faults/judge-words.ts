import type { Lived } from './life.ts';

/** Begins every secret that the tests plant, in settings, tokens and objects. */
const PLANTED = /planted-secret|cGxhbnRlZC1zZWNyZXQ/;

/** What a life with faults said that it may not say: secrets, stacks, more than one line. */
export function judgeWords({ log, answers, thrown, ends }: Lived): string[] {
  const said = [...log, ...answers, ...thrown.map(textOf), JSON.stringify([...ends])];
  // the objects of the stand-in hold the planted Secret itself
  const told = said.map((text) => text.replaceAll(/"Secret\/[^"]*":\{.*?"phase":"\w+"\}/g, ''));
  const wrong: string[] = [];
  const leak = told.find((text) => PLANTED.test(text));
  if (leak !== undefined) wrong.push(`a secret was told: ${leak.slice(0, 200)}`);
  const stack = log.find((text) => /\n\s+at |\\n\s+at /.test(text));
  if (stack !== undefined) wrong.push(`a stack was logged: ${stack.slice(0, 200)}`);
  return wrong;
}

function textOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  return [thrown.message, thrown.stack, thrown.cause === undefined ? '' : textOf(thrown.cause)].join(' ');
}
