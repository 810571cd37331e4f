/** Figures without a second way to divide them by: each says what it is, and `load` how busy the machine was. */
export interface Figures {
  name: string;
  values: Record<string, number | string>;
  /** Over time, a row each. */
  series?: Record<string, number>[];
}

/** The value that the share of them does not exceed, by the nearest rank. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? NaN;
}

export function toFiguresLine({ name, values }: Figures): string {
  const said = Object.entries(values).map(([what, value]) => `${what} ${value}`);
  return `${name.padEnd(44)}${said.join(', ')}`;
}

export function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}
