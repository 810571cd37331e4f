import { ProvisionerError } from './errors.ts';
import { keepSecret } from './secrets.ts';

/** App settings, as the process environment states them. */
export type Env = Readonly<Record<string, string | undefined>>;

const UNITS_MS: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Whether an address is a plain http one of this machine, as the stand-ins have. */
export function isLoopback(address: string): boolean {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  return url?.protocol === 'http:' && ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
}

/** Reads settings of one group and collects every fault, by name and never by value, to throw them at once. */
export class Settings {
  readonly #env: Env;
  readonly #faults: string[] = [];

  constructor(env: Env) {
    this.#env = env;
  }

  /** A blank setting counts as absent. */
  text(name: string): string | undefined {
    const value = this.#env[name]?.trim();
    return value === undefined || value === '' ? undefined : value;
  }

  /** A text that no peer's echo may bring into a log or a record. */
  secret(name: string): string | undefined {
    const value = this.text(name);
    keepSecret(value);
    return value;
  }

  list(name: string, fallback = ''): string[] {
    return (this.text(name) ?? fallback)
      .split(',')
      .map((entry) => entry.trim())
      .filter((entry) => entry !== '');
  }

  matching(name: string, pattern: RegExp, otherwise: string): string | undefined {
    const value = this.text(name);
    if (value !== undefined && !pattern.test(value)) this.fault(name, otherwise);
    return value;
  }

  guid(name: string): string | undefined {
    return this.matching(name, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i, 'is not a GUID');
  }

  /** The first of the values where the setting is absent. */
  oneOf<T extends string>(name: string, values: readonly [T, ...T[]]): T {
    const value = this.text(name);
    if (value === undefined) return values[0];
    const known = values.find((one) => one === value);
    if (known === undefined) this.fault(name, `must be ${values.join(' or ')}`);
    return known ?? values[0];
  }

  count(name: string): number | undefined {
    const value = this.matching(name, /^[1-9]\d{0,5}$/, 'must be a whole number of 1 or more');
    return value === undefined ? undefined : Number(value);
  }

  /** A price or the like: not negative, with a point. */
  amount(name: string): number | undefined {
    const value = this.matching(name, /^\d{1,9}(\.\d{1,9})?$/, 'is not a number such as 0.042');
    return value === undefined ? undefined : Number(value);
  }

  /** Milliseconds; written `90s`, `10m`, `24h` or `7d`, or `0`. What is wrong has no value, and `checked` lets none of it out. */
  duration(name: string, fallback: string): number;
  duration(name: string): number | undefined;
  duration(name: string, fallback?: string): number | undefined {
    const value = this.text(name) ?? fallback;
    if (value === undefined) return undefined;
    const [, amount, unit = ''] = /^(\d{1,6})([smhd])$/.exec(value) ?? [];
    const unitMs = UNITS_MS[unit];
    if (unitMs !== undefined) return Number(amount) * unitMs;
    if (value === '0') return 0;
    this.fault(name, 'must be a duration such as 90s, 10m, 24h or 7d');
    return undefined;
  }

  /** An https address, or a plain http one of this machine: tokens and data go nowhere else unencrypted. */
  address(name: string): string | undefined {
    const value = this.text(name);
    if (value === undefined || isLoopback(value)) return value;
    if (!URL.canParse(value) || new URL(value).protocol !== 'https:')
      this.fault(name, 'is neither an https address nor an http one of this machine');
    return value;
  }

  fault(name: string, words: string): void {
    this.#faults.push(`${name} ${words}`);
  }

  /** The value, unless any setting of the group was wrong. */
  checked<T>(value: T): T {
    if (this.#faults.length === 0) return value;
    throw new ProvisionerError('settings', [...new Set(this.#faults)].join('; '), {
      fix: 'fix these app settings; local.settings.sample.json and the README show every one',
    });
  }
}
