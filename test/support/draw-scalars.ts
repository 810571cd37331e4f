type Random = () => number;

const PARTS = [
  ...[
    '7e41234',
    '1e5',
    '0x1F',
    '0o17',
    '017',
    '0b11',
    '1_000',
    '.5',
    '1.',
    '-.inf',
    '.nan',
    'yes',
    'No',
    'on',
    'y',
    'n',
  ],
  ...['true', 'FALSE', 'null', '~', '2020-01-01', '12:30:45', '123456789012345678', '99999999999999999999', '<<', '='],
  ...['- a', '? b', ': c', '#d', ' #e', '&f', '*g', '!h', '|', '>', '%i', '@j', '`k', '{l}', '[m]', '"n"', "'o'", ','],
  ...[' ', '  ', '\t', '\n', '\n\n', '\r\n', '\u0085', '\u2028', '\u2029', '\u00a0', '\ufeff', '\\'],
  ...['ü', '漢', '😀', '---', '...', '--- x', 'a', 'Z', '0', '9', '-', '+', '.', '_', ':', '/', '$', '%'],
];

/** A text that some reader of YAML takes for something else, or writes in a way that another one misreads. */
export function drawText(random: Random): string {
  const length = 1 + Math.floor(random() ** 2 * 6);
  return Array.from({ length }, () => pick(random, PARTS)).join('');
}

const digits = (random: Random, most: number) =>
  Array.from({ length: 1 + Math.floor(random() * most) }, () => Math.floor(random() * 10)).join('');

/** A plain scalar: numbers in every notation, and words that are nearly one. */
export function drawPlain(random: Random): string {
  const sign = pick(random, ['', '', '-', '+']);
  const number = [
    () => digits(random, 19),
    () => `${digits(random, 8)}.${digits(random, 8)}`,
    () => `${digits(random, 3)}e${pick(random, ['', '+', '-'])}${digits(random, 2)}`,
    () => `0${pick(random, ['x', 'o', 'b', 'X', ''])}${digits(random, 6).replaceAll(/[89]/g, '1')}`,
    () => `0x${Math.floor(random() * 2 ** 40).toString(16)}`,
    () => `${digits(random, 3)}_${digits(random, 3)}`,
    () => `.${digits(random, 4)}`,
    () => `${digits(random, 4)}.`,
    () => `${digits(random, 2)}:${digits(random, 2)}`,
  ];
  const words = ['yes', 'No', 'ON', 'off', 'y', 'N', 'true', 'False', 'null', '~', 'Null', '7e41234', '1e2x', 'x'];
  return random() < 0.2 ? pick(random, words) : `${sign}${pick(random, number)()}`;
}

function pick<T>(random: Random, of: readonly T[]): T {
  const picked = of[Math.floor(random() * of.length)];
  if (picked === undefined) throw new Error('nothing to pick from');
  return picked;
}
