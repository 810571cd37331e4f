import { type Env, Settings } from '../settings.ts';

/** What the page may show beside the records, and who may see it. */
export interface PageSettings {
  /** Whether logs of containers are read, which wants the right pods/log. */
  logs: boolean;
  signIn: 'off' | 'entra';
  /** The app's own public host, as the platform states it. */
  hostname?: string;
  /** What one CPU core and one GiB cost for an hour, in whatever money the team counts. */
  prices?: { cpuHour: number; gibHour: number };
}

/** Sign-in counts only where the platform itself says that authentication is on: elsewhere anyone could send its headers. */
export function readPageSettings(env: Env): PageSettings {
  const settings = new Settings(env);
  const signIn = settings.oneOf('PAGE_SIGN_IN', ['off', 'entra']);
  const isOn = settings.text('WEBSITE_AUTH_ENABLED')?.toLowerCase() === 'true';
  const [cpuHour, gibHour] = [settings.amount('COST_CPU_HOUR'), settings.amount('COST_GIB_HOUR')];
  if ((cpuHour === undefined) !== (gibHour === undefined))
    settings.fault('COST_CPU_HOUR', 'and COST_GIB_HOUR go together');
  const hostname = settings.text('WEBSITE_HOSTNAME');
  return settings.checked({
    logs: settings.oneOf('LOGS', ['false', 'true']) === 'true',
    signIn: isOn ? signIn : 'off',
    ...(hostname !== undefined && { hostname }),
    ...(cpuHour !== undefined && gibHour !== undefined && { prices: { cpuHour, gibHour } }),
  });
}
