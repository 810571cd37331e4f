import { isImageTag, isTagTemplate } from '../environment/model/image-tag.ts';
import type { PodSecurity } from '../environment/model/labels.ts';
import type { EnvironmentSettings } from '../environment/model/settings.ts';
import { type Env, Settings } from '../settings.ts';
import { readIntakeSettings } from './intake.ts';

export function readEnvironmentSettings(env: Env): EnvironmentSettings {
  const settings = new Settings(env);
  const intake = readIntakeSettings(env);
  const credentialName = settings.text('FEDERATED_CREDENTIAL_NAME');
  if (credentialName !== undefined && !/^[a-z0-9][\w-]*\{slug\}([\w-]|\{serviceAccount\})*$/i.test(credentialName)) {
    settings.fault(
      'FEDERATED_CREDENTIAL_NAME',
      'must begin with a letter or digit, hold {slug} and be of letters, digits, - and _',
    );
  }
  const initialImageTag = settings.text('INITIAL_IMAGE_TAG') ?? '{slug}';
  if (!isImageTag(initialImageTag.replaceAll('{slug}', 'x'))) {
    settings.fault('INITIAL_IMAGE_TAG', 'is not an image tag');
  }
  const imageTagTemplate = settings.text('IMAGE_TAG_TEMPLATE');
  if (imageTagTemplate !== undefined && !isTagTemplate(imageTagTemplate))
    settings.fault(
      'IMAGE_TAG_TEMPLATE',
      'must hold {sha} or {sha7} to {sha64} and give an image tag, as {slug}-{sha7} does',
    );
  if (imageTagTemplate !== undefined && intake.ignoresPushes === true)
    settings.fault('IMAGE_TAG_TEMPLATE', 'has no effect while PUSH_UPDATES is false');
  const maxEnvironments = settings.count('MAX_ENVIRONMENTS');
  const ttlMs = settings.duration('ENVIRONMENT_TTL');
  const readyDeadlineMs = settings.duration('READY_DEADLINE', '10m');
  return settings.checked({
    ...intake,
    ...readContentLimits(env),
    initialImageTag,
    branchManifests: settings.oneOf('BRANCH_MANIFESTS', ['false', 'true']) === 'true',
    allowUnguarded: settings.oneOf('ALLOW_UNGUARDED', ['false', 'true']) === 'true',
    mode: settings.oneOf('MODE', ['apply', 'observe']),
    trustDeliveries: settings.oneOf('TRUST_DELIVERIES', ['false', 'true']) === 'true',
    maxDeliveryAgeMs: settings.duration('MAX_DELIVERY_AGE', '3d'),
    readyDeadlineMs,
    imageWaitMs: settings.duration('IMAGE_WAIT', '20m'),
    podRepair: settings.oneOf('POD_REPAIR', ['true', 'false']) === 'true',
    driftIntervalMs: settings.duration('DRIFT_INTERVAL', '1h'),
    ...(credentialName !== undefined && { credentialName }),
    ...(imageTagTemplate !== undefined && { imageTagTemplate }),
    ...(maxEnvironments !== undefined && { maxEnvironments }),
    ...readDeletionLimit(settings),
    ...(ttlMs !== undefined && ttlMs !== 0 && { ttlMs }),
    deleteGraceMs: settings.duration('DELETE_GRACE', '0'),
    rollout: settings.oneOf<'sweep' | 'on-event'>('ROLLOUT', ['sweep', 'on-event']),
    sweepCreates: settings.oneOf('SWEEP_CREATES', ['false', 'true']) === 'true',
  });
}

/** POD_SECURITY, and ALLOWED_HOSTS where it is set. */
export function readContentLimits(env: Env): { podSecurity: PodSecurity; allowedHosts?: string[] } {
  const settings = new Settings(env);
  const podSecurity = settings.oneOf<PodSecurity>('POD_SECURITY', ['baseline', 'privileged', 'restricted']);
  const allowedHosts = settings.list('ALLOWED_HOSTS');
  if (allowedHosts.some((pattern) => !/^(\*|[a-z0-9.-]|\{slug\}|\{domain\})+$/.test(pattern))) {
    settings.fault('ALLOWED_HOSTS', 'an entry is not a pattern such as {slug}.{domain}');
  }
  return settings.checked({ podSecurity, ...(allowedHosts.length > 0 && { allowedHosts }) });
}

function readDeletionLimit(settings: Settings): { sweepMaxDeletions?: number; sweepMaxDeletionsPercent?: number } {
  const limit = settings.matching(
    'SWEEP_MAX_DELETIONS',
    /^(\d{1,6}|\d{1,2}%|100%)$/,
    'must be a number or a percentage, such as 5 or 25%',
  );
  if (limit === undefined) return {};
  return limit.endsWith('%')
    ? { sweepMaxDeletionsPercent: Number.parseInt(limit, 10) }
    : { sweepMaxDeletions: Number(limit) };
}
