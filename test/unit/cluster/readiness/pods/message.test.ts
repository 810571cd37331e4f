import { describe, expect, it } from '@jest/globals';
import { toCause, toRefusal, toSchedulerWords } from '../../../../../lib/cluster/readiness/pods/message.ts';

const pad = (length: number): string => 'x'.repeat(length);

describe('a message of Kubernetes', () => {
  it.each<[string, string | undefined, string]>([
    ['that is none', undefined, ''],
    ['on several lines', ' a\n\tb ', 'a b'],
    ['that stands for many', '(combined from similar events): a', 'a'],
    ['that mentions many', 'a (combined from similar events): b', 'a (combined from similar events): b'],
    ['with a code, short enough', 'a: AADSTS700213: b. See c', 'a: AADSTS700213: b. See c'],
  ])('%s reads as it is', (_, message, words) => {
    expect(toCause(message)).toBe(words);
  });

  it('is cut down to its code only where it is long', () => {
    const of = (length: number): string => `${pad(length - 10)} AADSTS123`;
    expect(of(299)).toHaveLength(299);
    expect(toCause(of(299))).toBe(of(299));
    expect(toCause(of(300))).toBe(`${pad(90)} … AADSTS123`);
  });

  it.each(['AADSTS700213', 'SecretNotFound', 'ForbiddenByPolicy', 'Forbidden', 'no such host'])(
    'keeps its head and its end from %s on',
    (code) => {
      expect(toCause(`${pad(300)} ${code}: because`)).toBe(`${pad(90)} … ${code}: because`);
    },
  );

  it('leaves nothing out before a code that comes within the room of a head', () => {
    const code = `AADSTS123: ${pad(249)}`;
    const long = `AADSTS123: ${pad(400)}`;
    expect(code).toHaveLength(260);
    expect(toCause(long)).toBe(code);
    expect(toCause(`${pad(90)}${long}`)).toBe(`${pad(90)}${code}`);
    expect(toCause(`${pad(91)}${long}`)).toBe(`${pad(90)} … ${code}`);
    expect(toCause(`${pad(88)}   ${long}`)).toBe(`${pad(88)} ${code}`);
    expect(toCause(`${pad(88)}  y z ${long}`)).toBe(`${pad(88)} y … ${code}`);
  });

  it('ends with the first sentence of its code, without quotes and brackets', () => {
    expect(toCause(`${pad(300)} AADSTS1: no record. Please check v1.2"}`)).toBe(`${pad(90)} … AADSTS1: no record`);
    expect(toCause(`${pad(300)} AADSTS1: v1. it is" } `)).toBe(`${pad(90)} … AADSTS1: v1. it is`);
  });
});

it.each<[string | undefined, string]>([
  [undefined, ''],
  ['0/1 nodes are available: 1 Insufficient cpu.', '0/1 nodes are available: 1 Insufficient cpu'],
  ['0/1 nodes: x. no new claims to deallocate, preemption: 0/1 y.', '0/1 nodes: x'],
  ['0/1 nodes: x, preemption: 0/1 y.', '0/1 nodes: x'],
  ['0/1 nodes: x.y', '0/1 nodes: x.y'],
])('the scheduler says %j: %j', (message, words) => {
  expect(toSchedulerWords(message)).toBe(words);
});

it.each<[string | undefined, string]>([
  [undefined, ''],
  ['Error creating: pods "web-abc12-x1y2z" is forbidden: x', 'pods "web-abc12-…" is forbidden: x'],
  ['create Pod db-0 in StatefulSet db failed error: pods "db-0" is forbidden', 'pods "db-0" is forbidden'],
  ['pod "a-b1c2d" and pod "e-f3g4h"', 'pod "a-…" and pod "e-…"'],
])('a refusal says %j: %j', (message, words) => {
  expect(toRefusal(message)).toBe(words);
});
