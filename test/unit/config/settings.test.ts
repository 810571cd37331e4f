import { describe, expect, it } from '@jest/globals';
import { readPageSettings, readTelemetrySettings } from '../../../lib/config.ts';
import { hideSecrets } from '../../../lib/secrets.ts';
import { Settings, isLoopback } from '../../../lib/settings.ts';
import { faultOf } from './fault-of.ts';

describe('a setting', () => {
  it.each<[string | undefined, string | undefined]>([
    [undefined, undefined],
    ['', undefined],
    [' \n', undefined],
    [' a b ', 'a b'],
  ])('of %j is the text %j', (value, expected) => {
    expect(new Settings({ X: value }).text('X')).toBe(expected);
  });

  it.each<[string | undefined, string[]]>([
    [undefined, ['by', 'default']],
    [' a , b,, ', ['a', 'b']],
    [',', []],
  ])('of %j is the list %j', (value, expected) => {
    expect(new Settings({ X: value }).list('X', 'by, default')).toEqual(expected);
  });

  it.each<[string, number | undefined]>([
    ['0', 0],
    ['90s', 90_000],
    ['10m', 600_000],
    ['24h', 86_400_000],
    ['7d', 604_800_000],
    ['0s', 0],
  ])('of %s is a duration of %i ms', (value, expected) => {
    const settings = new Settings({ X: value });
    expect(settings.duration('X')).toBe(expected);
    expect(settings.checked('right')).toBe('right');
    expect(new Settings({}).duration('X', value)).toBe(expected);
  });

  it('that is absent is no duration, and no fault', () => {
    const settings = new Settings({});
    expect(settings.duration('X')).toBeUndefined();
    expect(settings.checked('right')).toBe('right');
  });

  it.each(['1', '1w', '1.5h', '1234567s', 'm', '00'])('of %s is no duration', (value) => {
    const settings = new Settings({ X: value });
    expect(settings.duration('X')).toBeUndefined();
    expect(faultOf(() => settings.checked(1))).toBe('X must be a duration such as 90s, 10m, 24h or 7d');
  });

  it('of one of some values is that, the first by default, and else a fault', () => {
    const one = (value?: string) => new Settings({ X: value }).oneOf('X', ['a', 'b']);
    expect([one(), one(' '), one('b')]).toEqual(['a', 'a', 'b']);
    const settings = new Settings({ X: 'c' });
    expect(settings.oneOf('X', ['a', 'b'])).toBe('a');
    expect(faultOf(() => settings.checked(1))).toBe('X must be a or b');
  });

  it('of a number is that, or a fault', () => {
    const settings = new Settings({ X: '12', Y: '0.042' });
    expect([settings.count('X'), settings.count('Z'), settings.amount('Y'), settings.amount('Z')]).toEqual([
      12,
      undefined,
      0.042,
      undefined,
    ]);
    expect(settings.checked(1)).toBe(1);
    const wrong = new Settings({ X: '0', Y: '-1' });
    wrong.count('X');
    wrong.amount('Y');
    expect(faultOf(() => wrong.checked(1))).toBe(
      'X must be a whole number of 1 or more; Y is not a number such as 0.042',
    );
  });

  it('that is wrong is said once, with what to do', () => {
    const settings = new Settings({});
    for (const name of ['X', 'X', 'Y']) settings.fault(name, 'is wrong');
    const fix = 'fix these app settings; local.settings.sample.json and the README show every one';
    expect(() => settings.checked(1)).toThrow(
      expect.objectContaining({ code: 'settings', message: 'X is wrong; Y is wrong', fix }),
    );
  });

  it('that is a secret is hidden wherever a peer quotes it', () => {
    expect(new Settings({ X: ' a-planted-setting ' }).secret('X')).toBe('a-planted-setting');
    expect(hideSecrets('it said a-planted-setting')).toBe('it said ***');
  });

  it.each<[string, boolean]>([
    ['http://localhost:7071/x', true],
    ['http://127.0.0.1', true],
    ['http://[::1]:1', true],
    ['https://localhost', false],
    ['http://127.0.0.2', false],
    ['localhost', false],
    ['', false],
  ])('of %j is an address of this machine over plain http: %s', (address, expected) => {
    expect(isLoopback(address)).toBe(expected);
  });
});

describe('the settings of the page', () => {
  const OFF = { logs: false, signIn: 'off' };
  it.each<[Record<string, string>, object]>([
    [{}, OFF],
    [{ LOGS: 'true' }, { ...OFF, logs: true }],
    [{ PAGE_SIGN_IN: 'entra' }, OFF],
    [{ WEBSITE_AUTH_ENABLED: 'true' }, OFF],
    [{ PAGE_SIGN_IN: 'entra', WEBSITE_AUTH_ENABLED: 'false' }, OFF],
    [
      { PAGE_SIGN_IN: 'entra', WEBSITE_AUTH_ENABLED: 'True' },
      { ...OFF, signIn: 'entra' },
    ],
    [{ WEBSITE_HOSTNAME: 'shop.test' }, { ...OFF, hostname: 'shop.test' }],
    [
      { COST_CPU_HOUR: '0', COST_GIB_HOUR: '0.5' },
      { ...OFF, prices: { cpuHour: 0, gibHour: 0.5 } },
    ],
  ])('of %j are %j', (env, expected) => {
    expect(readPageSettings(env)).toStrictEqual(expected);
  });

  it.each<[Record<string, string>, string]>([
    [{ COST_CPU_HOUR: '1' }, 'COST_CPU_HOUR and COST_GIB_HOUR go together'],
    [{ COST_GIB_HOUR: '1' }, 'COST_CPU_HOUR and COST_GIB_HOUR go together'],
    [{ LOGS: 'on' }, 'LOGS must be false or true'],
    [{ PAGE_SIGN_IN: 'github' }, 'PAGE_SIGN_IN must be off or entra'],
  ])('refuse %j in these words', (env, words) => {
    expect(faultOf(() => readPageSettings(env))).toBe(words);
  });
});

describe('the settings of telemetry', () => {
  const COLLECTOR = { OTEL_EXPORTER_OTLP_ENDPOINT: 'https://collector.test' };
  const DEFAULTS = { serviceName: 'feature-branch-provisioner', metricsEveryMs: 60_000 };
  it.each<[Record<string, string>, object | undefined]>([
    [{ OTEL_SERVICE_NAME: 'shop' }, undefined],
    [COLLECTOR, DEFAULTS],
    [
      { ...COLLECTOR, OTEL_SERVICE_NAME: 'shop' },
      { ...DEFAULTS, serviceName: 'shop' },
    ],
    [
      { ...COLLECTOR, OTEL_METRIC_EXPORT_INTERVAL: '5000' },
      { ...DEFAULTS, metricsEveryMs: 5_000 },
    ],
    [{ ...COLLECTOR, OTEL_METRIC_EXPORT_INTERVAL: 'often' }, DEFAULTS],
    [{ ...COLLECTOR, OTEL_METRIC_EXPORT_INTERVAL: '0' }, DEFAULTS],
  ])('of %j are %j', (env, expected) => {
    expect(readTelemetrySettings(env)).toStrictEqual(expected);
  });

  it('hide the headers, which hold the key of the collector', () => {
    readTelemetrySettings({ ...COLLECTOR, OTEL_EXPORTER_OTLP_HEADERS: 'x-key=planted-key' });
    expect(hideSecrets('it said x-key=planted-key')).toBe('it said ***');
  });
});
