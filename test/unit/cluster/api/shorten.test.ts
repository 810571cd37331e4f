import { describe, expect, it } from '@jest/globals';
import { say, shorten } from '../../../../lib/cluster/api/status.ts';

const HEAD = 'h'.repeat(110);
/** A line of 111 characters more than its tail, which is 50 long by a limit of 160. */
const lineWith = (tail: string): string => `${HEAD}.${tail.padEnd(50, 't')}`;

describe('a line that is too long', () => {
  it('is one of more than 300 characters', () => {
    const line = 'x'.repeat(300);
    expect(shorten(line)).toBe(line);
    expect(shorten(`${line}y`)).toBe(`${'x'.repeat(110)} … ${'x'.repeat(189)}y`);
  });

  it('loses its middle, and ends with its end', () => {
    expect(shorten(`${'a'.repeat(100)}${'b'.repeat(100)}${'c'.repeat(100)}`, 200)).toBe(
      `${'a'.repeat(100)}${'b'.repeat(10)} … ${'c'.repeat(90)}`,
    );
  });

  it.each([
    [0, true],
    [1, true],
    [39, true],
    [40, false],
  ])('goes on at a word that begins soon: after %i characters, %p', (at, isCut) => {
    const tail = `${'a'.repeat(at)} ${'b'.repeat(49 - at)}`;
    expect(shorten(lineWith(tail), 160)).toBe(`${HEAD} … ${isCut ? 'b'.repeat(49 - at) : tail}`);
  });

  it('goes on within a word that is longer', () => {
    expect(shorten(lineWith('w'), 160)).toBe(`${HEAD} … w${'t'.repeat(49)}`);
  });

  it('has one blank before its gap', () => {
    expect(shorten(`${'a'.repeat(108)}    ${'b'.repeat(200)}`, 200)).toBe(`${'a'.repeat(108)} … ${'b'.repeat(90)}`);
  });
});

describe('what is said of something', () => {
  it.each<[string | undefined, string]>([
    ['it\n is  late ', 'Pod: it is late'],
    ['', 'Pod'],
    [' \n', 'Pod'],
    [undefined, 'Pod'],
  ])('is one line: %j', (more, expected) => {
    expect(say('Pod', more)).toBe(expected);
  });

  it('is cut as a whole', () => {
    expect(say('Pod', 'x'.repeat(295))).toBe(`Pod: ${'x'.repeat(295)}`);
    expect(say('Pod', 'x'.repeat(296))).toBe(`Pod: ${'x'.repeat(105)} … ${'x'.repeat(190)}`);
  });
});
