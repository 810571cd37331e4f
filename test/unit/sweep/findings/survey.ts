import type { RecordSummary } from '../../../../lib/environment/model/record-summary.ts';
import type { EnvironmentSettings } from '../../../../lib/environment/model/settings.ts';
import { type Findings, toFindings } from '../../../../lib/sweep/findings.ts';
import type { Survey } from '../../../../lib/sweep/survey.ts';
import { createWorld } from '../../../support/fakes/world.ts';

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;
export const NOW = Date.parse('2026-11-23T10:00:00.000Z');
export const ago = (ms: number): string => new Date(NOW - ms).toISOString();
export const REPOSITORY = { id: 42, fullName: 'acme/shop' };
export const TEMPLATE = 'template-1';

/** A ready environment at rest: nothing is to be done. */
export const AT_REST: RecordSummary = {
  name: 'login',
  namespace: 'feature-login',
  phase: 'ready',
  repository: 'acme/shop',
  repositoryId: 42,
  ref: 'login',
  at: ago(HOUR_MS),
  template: TEMPLATE,
  checkedAt: ago(60_000),
  activityAt: ago(2 * DAY_MS),
};
export const BASE: Survey = {
  at: NOW,
  records: [],
  branches: [
    { kind: 'list', repository: REPOSITORY, defaultBranch: 'main', names: new Set(['main', 'login', 'new', 'gone-1']) },
  ],
  pulls: [],
  unlisted: [],
  namespaces: {
    kind: 'list',
    items: [{ name: 'feature-login', slug: 'login', repository: REPOSITORY, ref: 'login' }],
  },
  orphans: [],
  failed: 0,
};

export interface Case {
  record?: Partial<RecordSummary>;
  survey?: Partial<Survey>;
  settings?: Partial<EnvironmentSettings>;
}

export function find({ record, survey, settings }: Case): Findings {
  const records = record === undefined ? [] : [{ ...AT_REST, ...record }];
  const context = { settings: { ...createWorld().settings, ...settings }, now: NOW, template: TEMPLATE };
  return toFindings({ ...BASE, records, ...survey }, context);
}

/** What is asked, in one line each; deletions first. */
export function say({ asks, deletions, tombstones, unreadable }: Findings): string[] {
  return [
    ...deletions.map(({ kind, slug, why }) => `${kind} ${slug}: ${why}`),
    ...asks.map(({ slug, reason, why }) => `${reason} ${slug}: ${why}`),
    ...tombstones.map((slug) => `tombstone ${slug}`),
    ...unreadable.map((slug) => `unreadable ${slug}`),
  ];
}

export const GONE_LIST: Partial<Survey> = {
  branches: [{ kind: 'list', repository: REPOSITORY, defaultBranch: 'main', names: new Set(['main']) }],
};
export const TTL = { ttlMs: 3 * DAY_MS };
