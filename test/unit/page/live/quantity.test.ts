import { expect, test } from '@jest/globals';
import { parseQuantity } from '../../../../lib/page/quantity.ts';

/* https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/ */
test.each([
  ['3n', 3e-9],
  ['3u', 3e-6],
  ['3m', 0.003],
  ['3', 3],
  ['3k', 3_000],
  ['3M', 3_000_000],
  ['3G', 3_000_000_000],
  ['3T', 3_000_000_000_000],
  ['3P', 3_000_000_000_000_000],
  ['3E', 3e18],
  ['3Ki', 3_072],
  ['3Mi', 3_145_728],
  ['3Gi', 3_221_225_472],
  ['3Ti', 3_298_534_883_328],
  ['3Pi', 3_377_699_720_527_872],
  ['3Ei', 3_458_764_513_820_540_928],
  ['+1.5Ki', 1_536],
  ['-2', -2],
  ['1.', 1],
  ['12e-1k', 1_200],
  ['1E2', 100],
])('%p is %p', (text, number) => {
  expect(parseQuantity(text)).toBeCloseTo(number, 12);
});

test.each(['3x', '3kI', 'Ki', '1 Ki', ' 1', '1m ', '1.5.5', null, {}])('%p is none', (text) => {
  expect(parseQuantity(text)).toBe(0);
});
