import picomatch from 'picomatch';
import { RESERVED_HOSTS } from '../environment/model/names.ts';
import { type Env, Settings } from '../settings.ts';

export interface IntakeSettings {
  repositories: { fullName: string; prefix?: string }[];
  defaultBranches: string[];
  protectedNamespaces: string[];
  reservedHosts?: readonly string[];
  admits: (ref: string) => boolean;
  /** PUSH_UPDATES=false: a push is no event. */
  ignoresPushes?: boolean;
  /** GITHUB_COMMENT: an opened pull request is an event. */
  comments?: boolean;
}

/** Who may ask for what, by settings alone. */
export function readIntakeSettings(env: Env): IntakeSettings {
  const settings = new Settings(env);
  const repositories = settings.list('GITHUB_REPOSITORIES').flatMap((entry) => {
    const match = /^([^/=\s]+\/[^/=\s]+?)(?:=([a-z0-9](?:[-a-z0-9]{0,18}[a-z0-9])?))?$/.exec(entry);
    if (match?.[1] === undefined) {
      settings.fault(
        'GITHUB_REPOSITORIES',
        `${JSON.stringify(entry.slice(0, 60))} is not owner/name or owner/name=prefix (prefix: up to 20 of a-z, 0-9, -)`,
      );
      return [];
    }
    return [{ fullName: match[1], ...(match[2] !== undefined && { prefix: match[2] }) }];
  });
  const include = picomatch(settings.list('BRANCH_INCLUDE', '**'), { dot: true });
  const exclude = picomatch(settings.list('BRANCH_EXCLUDE', 'dependabot/**,renovate/**,gh-readonly-queue/**'), {
    dot: true,
  });
  return settings.checked({
    repositories,
    defaultBranches: settings.list('DEFAULT_BRANCHES', 'main,master'),
    protectedNamespaces: settings.list('PROTECTED_NAMESPACES'),
    reservedHosts: settings.list('RESERVED_HOSTS', RESERVED_HOSTS.join()),
    admits: (ref: string) => include(ref) && !exclude(ref),
    ...(settings.oneOf('PUSH_UPDATES', ['true', 'false']) === 'false' && { ignoresPushes: true }),
    ...(settings.oneOf('GITHUB_COMMENT', ['false', 'true']) === 'true' && { comments: true }),
  });
}

const MIN_SECRET_BYTES = 16;

/** The webhook secrets, the current one first; fails closed where none counts. */
export function readWebhookSecrets(env: Env): string[] {
  const settings = new Settings(env);
  const names = ['GITHUB_WEBHOOK_SECRET', 'GITHUB_WEBHOOK_SECRET_PREVIOUS'];
  const secrets = names.flatMap((name) => {
    const secret = settings.secret(name);
    if (secret === undefined) return [];
    if (secret.startsWith('@Microsoft.KeyVault('))
      settings.fault(name, 'is a Key Vault reference that was not resolved');
    else if (Buffer.byteLength(secret) < MIN_SECRET_BYTES) settings.fault(name, `is under ${MIN_SECRET_BYTES} bytes`);
    return [secret];
  });
  if (secrets.length === 0) settings.fault('GITHUB_WEBHOOK_SECRET', 'is missing');
  return settings.checked(secrets);
}

/** KEEP_MAX in ms. */
export function readKeepMax(env: Env): number {
  const settings = new Settings(env);
  return settings.checked(settings.duration('KEEP_MAX', '90d'));
}

/** The repositories that are served; a fault where there is none, since every delivery would be ignored. */
export function readServedRepositories(environment: Env): IntakeSettings['repositories'] {
  const { repositories } = readIntakeSettings(environment);
  const settings = new Settings(environment);
  if (repositories.length === 0) settings.fault('GITHUB_REPOSITORIES', 'is missing: every delivery is ignored');
  return settings.checked(repositories);
}
