import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { projectRoot } from '../../../local/build/build.ts';
import { findMessages, toLine } from './find-messages.ts';

const LIST = join(import.meta.dirname, 'messages.txt');
const messages = findMessages(projectRoot);

/** What helps nobody: words of the inside, and answers that say nothing. */
const UNHELPFUL = [
  [/\bpeer\b/, 'say which: GitHub, Azure, the cluster, storage'],
  [/^nothing(?:\b.*\bwhile|:)/, 'say that no action is needed, or what to do'],
  [/\binvalid\b(?! body)/i, 'say what it must be'],
  [/\bsomething went wrong|unknown error|please\b/i, 'say what is wrong, and what to do'],
  [/is none of\b(?!.*SERVICE_TYPES)/, 'say what it must be'],
  [/\bput back|mend\b|anew\b|settled\b/, 'write it in the words that the other messages use'],
] as const;

describe('the messages of the product', () => {
  it('are those of messages.txt: read a new one there, as if at night (UPDATE_MESSAGES=1 writes the list)', async () => {
    const text = `${[...new Set(messages.map(toLine))].join('\n')}\n`;
    if (process.env['UPDATE_MESSAGES'] === '1') await writeFile(LIST, text);

    expect(text.split('\n')).toEqual((await readFile(LIST, 'utf8')).split('\n'));
  });

  it('are found where they are written', () => {
    const kinds = Map.groupBy(messages, ({ kind }) => kind);
    for (const [kind, least] of [
      ['error', 60],
      ['fix', 60],
      ['setting', 20],
      ['refusal', 10],
      ['answer', 15],
      ['console', 5],
    ] as const)
      expect([kind, (kinds.get(kind)?.length ?? 0) >= least]).toEqual([kind, true]);
  });

  it.each(UNHELPFUL)('hold no %s: %s', (...[pattern]) => {
    expect(messages.filter(({ text }) => pattern.test(text)).map(toLine)).toEqual([]);
  });
});
