import { describe, expect, it } from '@jest/globals';
import { processLog, toLog, withFields } from '../../lib/log.ts';
import { keepSecret } from '../../lib/secrets.ts';

function record() {
  const lines: unknown[][] = [];
  const write =
    (level: string) =>
    (...parts: unknown[]): void =>
      void lines.push([level, ...parts]);
  return { lines, log: toLog({ info: write('info'), warn: write('warn'), error: write('error') }) };
}

describe('the log', () => {
  it.each(['info', 'warn', 'error'] as const)('writes %s at its level, fields as JSON and without secrets', (level) => {
    const { lines, log } = record();
    keepSecret('planted-for-the-log');
    log[level]('said');
    log[level]('said', { by: 'planted-for-the-log', n: 1 });
    expect(lines).toEqual([
      [level, 'said'],
      [level, 'said {"by":"***","n":1}'],
    ]);
  });

  it.each(['info', 'warn', 'error'] as const)(
    'with fields of its own has them in every line of %s, and wins',
    (level) => {
      const { lines, log } = record();
      const bound = withFields(log, { environment: 'ex-1' });
      bound[level]('said');
      bound[level]('said', { n: 1, environment: 'other' });
      expect(lines).toEqual([
        [level, 'said {"environment":"ex-1"}'],
        [level, 'said {"n":1,"environment":"ex-1"}'],
      ]);
    },
  );

  it('of the process has each level', () => {
    expect(Object.keys(processLog)).toEqual(['info', 'warn', 'error']);
  });
});
