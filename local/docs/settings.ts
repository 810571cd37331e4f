import * as config from '../../lib/config.ts';
import type { Env } from '../../lib/settings.ts';
import { ELSEWHERE, SETTINGS } from './settings-table.ts';

const IDENTITY_ID =
  '/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/pool-1';

/** Readers look at some settings only beside others. */
const SEEDS: Readonly<Record<string, string>>[] = [
  {},
  { CLUSTER_KUBECONFIG: 'file', CLUSTER_CONTEXT: 'one', WORKLOAD_IDENTITIES: IDENTITY_ID, TRUST_DELIVERIES: 'true' },
  {
    GITHUB_APP_ID: '1',
    GITHUB_APP_INSTALLATION_ID: '2',
    GITHUB_APP_PRIVATE_KEY: 'key',
    ARM_ENDPOINT: 'https://arm.test',
  },
  {
    GITHUB_TOKEN: 'token',
    OTEL_EXPORTER_OTLP_ENDPOINT: 'https://otlp.test',
    AzureWebJobsStorage__accountName: 'account',
    BRANCH_MANIFESTS: 'true',
  },
];

/** The settings that the code of lib/config.ts asks for, by running every reader of it. */
export function parsedSettings(): string[] {
  const asked = new Set<string>();
  for (const seed of SEEDS) {
    const env = new Proxy(seed, {
      get(target, name) {
        // WEBSITE_ variables are the platform's own: nobody sets them
        if (typeof name === 'string' && !name.startsWith('WEBSITE_')) asked.add(name);
        return Reflect.get(target, name) as unknown;
      },
    }) as Env;
    for (const [name, read] of Object.entries(config))
      if (name.startsWith('read')) ask(read as (env: Env) => unknown, env);
  }
  // what the platform sets is no setting of ours
  return [...asked].filter((name) => !name.startsWith('WEBSITE_')).sort();
}

/** A fault of the values is none of ours: what counts is what was asked for. */
function ask(read: (env: Env) => unknown, env: Env): void {
  try {
    read(env);
  } catch {
    // the seeds are no whole settings
  }
}

/** docs/settings.md as it should be; throws where a setting has no sentence. */
export function toSettingsPage(parsed: readonly string[]): string {
  const unknown = parsed.filter((name) => SETTINGS[name] === undefined);
  if (unknown.length > 0) throw new Error(`no sentence in local/docs/settings-table.ts for ${unknown.join(', ')}`);
  const known = Object.entries(SETTINGS).filter(([name]) => parsed.includes(name));
  const groups = [...new Set(known.map(([, { group }]) => group))];
  const sections = groups.map((group) =>
    [`## ${group}`, '', ...tableOf(known.filter(([, text]) => text.group === group))].join('\n'),
  );
  const elsewhere = ['## Read by the build, or when the app starts', '', ...tableOf(Object.entries(ELSEWHERE))];
  return `${[HEAD, ...sections, elsewhere.join('\n')].join('\n\n')}\n`;
}

const HEAD = `# Settings

App settings, or Values of local.settings.json. A blank one counts as absent. Durations are written \`90s\`, \`10m\`,
\`24h\` or \`7d\`. Each function checks only the settings that it uses and names every fault at once, never a value.

\`npm run docs\` writes this page from the code that parses the settings; a test holds the two together.`;

function tableOf(rows: readonly (readonly [string, { fallback: string; meaning: string }])[]): string[] {
  const cell = (fallback: string): string => (fallback.startsWith('(') ? fallback.slice(1, -1) : `\`${fallback}\``);
  return [
    '| setting | default | meaning |',
    '| --- | --- | --- |',
    ...rows.map(([name, { fallback, meaning }]) => `| \`${name}\` | ${cell(fallback)} | ${meaning} |`),
  ];
}
