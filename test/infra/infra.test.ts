import { readdirSync, readFileSync } from 'node:fs';
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { NODE_OPTIONS } from '../../bench/apart/process.ts';
import { projectRoot } from '../../local/build/build.ts';
import { POISON_QUEUE, REQUEST_QUEUE } from '../../lib/storage/queue.ts';
import { RECORD_CONTAINER } from '../../lib/storage/records/records.ts';
import { evaluate } from './arm-expression.ts';
import { findBicep, resourcesOf, runBicep, templatesOf, type Resource, type Template } from './bicep.ts';

const bicep = findBicep();
if (bicep === undefined)
  console.warn('The templates of infra/ were not checked: no bicep on PATH, and BICEP names none.');
const describeTemplates = bicep === undefined ? describe.skip : describe;
const infra = join(projectRoot, 'infra');

describeTemplates('the templates of infra/', () => {
  let template: Template;
  let text: string;
  let resources: Resource[];

  beforeAll(async () => {
    const built = await runBicep(bicep ?? '', ['build', 'infra/main.bicep', '--stdout']);
    text = built.stdout;
    template = JSON.parse(text) as Template;
    resources = resourcesOf(template);
  });

  const ofType = (type: string): Resource[] =>
    resources.filter((resource) => resource.type === type && resource.existing !== true);

  it('build and lint without a word', async () => {
    const copy = await mkdtemp(join(tmpdir(), 'infra-'));
    await cp(infra, copy, { recursive: true });

    const said = [
      await runBicep(bicep ?? '', ['lint', '--pattern', join(copy, '**/*.bicep')]),
      // writes its JSON beside each file, hence the copy
      await runBicep(bicep ?? '', ['build', '--pattern', join(copy, '**/*.bicep')]),
    ];
    const built = (await readdir(copy, { recursive: true })).filter((file) => file.endsWith('.bicep'));
    const compiled = (await readdir(copy, { recursive: true })).filter((file) => file.endsWith('.json'));
    await rm(copy, { recursive: true });

    expect(said.map(({ stdout, stderr }) => `${stdout}${stderr}`.trim()).filter(Boolean)).toEqual([]);
    expect(compiled).toEqual(expect.arrayContaining(built.map((file) => file.replace(/bicep$/, 'json'))));
    expect(built.length).toBeGreaterThan(8);
  });

  it('give each principal these roles and no other, each with its reason', () => {
    const table = ofType('Microsoft.Authorization/roleAssignments').map(({ module, scope, properties }) => ({
      module,
      role: /builtInRoles'\)\.(\w+)/.exec(String(properties['roleDefinitionId']))?.[1] ?? 'custom',
      on: /'(Microsoft\.[\w./]+)'/.exec(scope ?? '')?.[1],
      reason: String(properties['description']).length > 20,
    }));

    const rows = table.map(({ module, role, on, reason }) => `${module} ${role} ${on} ${reason ? 'why' : ''}`).sort();
    expect(rows).toEqual([
      'clusterAccess aksClusterUser Microsoft.ContainerService/managedClusters why',
      'developmentVaultAccess keyVaultSecretsUser Microsoft.KeyVault/vaults why',
      'identities custom Microsoft.ManagedIdentity/userAssignedIdentities why',
      'monitoring monitoringMetricsPublisher Microsoft.Insights/components why',
      'storage storageBlobDataOwner Microsoft.Storage/storageAccounts why',
      'storage storageQueueDataContributor Microsoft.Storage/storageAccounts why',
      'vault keyVaultSecretsOfficer Microsoft.KeyVault/vaults why',
      'vault keyVaultSecretsUser Microsoft.KeyVault/vaults why',
    ]);
  });

  it('let the custom role read identities and write their credentials, and nothing else', () => {
    const [role, ...others] = ofType('Microsoft.Authorization/roleDefinitions');

    expect(others).toEqual([]);
    const of = 'Microsoft.ManagedIdentity/userAssignedIdentities';
    expect(role?.properties['permissions']).toEqual([
      {
        actions: [
          `${of}/read`,
          `${of}/federatedIdentityCredentials/read`,
          `${of}/federatedIdentityCredentials/write`,
          `${of}/federatedIdentityCredentials/delete`,
        ],
        notActions: [],
        dataActions: [],
        notDataActions: [],
      },
    ]);
  });

  it('give no secret a default, and no parameter that holds one a plain type', () => {
    const parameters = templatesOf(template).flatMap(({ module, template: one }) =>
      Object.entries(one.parameters ?? {}).map(([name, parameter]) => ({ name: `${module}.${name}`, ...parameter })),
    );

    const secure = parameters.filter(({ type }) => type.startsWith('secure'));
    expect(secure.map(({ name }) => name).sort()).toEqual(['main.webhookSecret', 'vault.webhookSecret']);
    expect(secure.filter((parameter) => parameter.defaultValue !== undefined)).toEqual([]);
    expect(secure.filter(({ minLength }) => minLength !== 16)).toEqual([]);
    expect(
      parameters.filter(({ name, type }) => /secret$|password|token$|key$/i.test(name) && !type.startsWith('secure')),
    ).toEqual([]);
    expect(text).not.toMatch(/listKeys\(|listAccountSas\(|listServiceSas\(/);
  });

  it('allow no plain HTTP, no old TLS and no publishing by password', () => {
    for (const { properties } of ofType('Microsoft.Storage/storageAccounts')) {
      expect(properties).toMatchObject({ supportsHttpsTrafficOnly: true, minimumTlsVersion: 'TLS1_2' });
    }
    for (const { properties } of ofType('Microsoft.Web/sites')) {
      expect(properties).toMatchObject({
        httpsOnly: true,
        siteConfig: { minTlsVersion: '1.2', scmMinTlsVersion: '1.2', ftpsState: 'Disabled' },
      });
    }
    const publishing = ofType('Microsoft.Web/sites/basicPublishingCredentialsPolicies');
    expect(publishing.map(({ properties }) => properties['allow'])).toEqual([false, false]);
    expect(text.match(/http:\/\/(?!schema\.management)[^"\\]*/g) ?? []).toEqual([]);
  });

  it('open no storage or log by a shared key, and no blob to the public', () => {
    expect(ofType('Microsoft.Storage/storageAccounts').map(({ properties }) => properties)).toEqual([
      expect.objectContaining({ allowSharedKeyAccess: false, allowBlobPublicAccess: false }),
    ]);
    const containers = ofType('Microsoft.Storage/storageAccounts/blobServices/containers');
    expect(containers.map(({ properties }) => properties['publicAccess'])).toEqual(['None', 'None']);
    expect(ofType('Microsoft.Insights/components')[0]?.properties).toMatchObject({ DisableLocalAuth: true });
    expect(ofType('Microsoft.OperationalInsights/workspaces')[0]?.properties).toMatchObject({
      features: { disableLocalAuth: true },
    });
    expect(ofType('Microsoft.KeyVault/vaults')[0]?.properties).toMatchObject({
      enableRbacAuthorization: true,
      enablePurgeProtection: true,
    });
  });

  it('let the audit trail be appended to under its immutability policy', () => {
    const [policy] = ofType('Microsoft.Storage/storageAccounts/blobServices/containers/immutabilityPolicies');

    expect(policy?.properties).toMatchObject({ allowProtectedAppendWrites: true });
  });

  it('refuse a cluster that can not carry branches, with the command that changes it', () => {
    const check = templatesOf(template).find(({ module }) => module === 'check')?.template;
    const able = {
      issuerEnabled: true,
      workloadIdentityEnabled: true,
      entraIntegrated: true,
      kubernetesVersion: '1.30.0',
    };
    const verdict = (changed: Partial<Record<keyof typeof able, unknown>>): unknown =>
      evaluate(check?.outputs?.['verdict']?.value, {
        parameters: { ...able, ...changed },
        variables: check?.variables ?? {},
      });

    expect([verdict({}), verdict({ kubernetesVersion: '2.0.1' })]).toEqual(['ok', 'ok']);
    expect(() => verdict({ issuerEnabled: false })).toThrow(/no OIDC issuer.*--enable-oidc-issuer/);
    expect(() => verdict({ workloadIdentityEnabled: false })).toThrow(
      /no workload identity.*--enable-workload-identity/,
    );
    expect(() => verdict({ entraIntegrated: false })).toThrow(/no managed Entra integration.*--enable-aad/);
    expect(() => verdict({ kubernetesVersion: '1.29.11' })).toThrow(/runs Kubernetes 1\.29\.11.*1\.30 or newer/);
  });

  it('make the queues and containers that the app uses', () => {
    const strings = new Set([...text.matchAll(/["']([\w-]+)["']/g)].map(([, name]) => name));

    const used = ['audit', REQUEST_QUEUE, POISON_QUEUE, RECORD_CONTAINER, 'identities'];
    expect(used.filter((name) => !strings.has(name))).toEqual([]);
  });

  it('bound the memory of the Node worker as the bench measures it', () => {
    expect(text).toContain(`'NODE_OPTIONS', '${NODE_OPTIONS}'`);
  });

  it('set only settings that the app or its host knows', () => {
    const known = readFileSync(join(projectRoot, 'local.settings.sample.json'), 'utf8');
    const set = [...readFileSync(join(infra, 'main.bicep'), 'utf8').matchAll(/^\s+(?:\{ )?([A-Z][A-Z0-9_]+):/gm)];
    const hosts = /^(APPLICATIONINSIGHTS_|OVERRIDE_USE_MI|OVERLAY_|PAGE_SIGN_IN|OTEL_|NODE_OPTIONS|TRUST_DELIVERIES)/;

    const names = set.map(([, name]) => name ?? '');
    expect(names.length).toBeGreaterThan(8);
    expect(names.filter((name) => !hosts.test(name) && !known.includes(`"${name}"`))).toEqual([]);
  });
});

describe('what watches the app', () => {
  it('looks for log lines that the app writes', () => {
    const sources = readdirSync(join(projectRoot, 'lib'), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => readFileSync(join(projectRoot, 'lib', file), 'utf8'))
      .join('\n');
    const watching = ['alerts.bicep', 'workbook.json'].map((file) =>
      readFileSync(join(infra, 'modules', file), 'utf8'),
    );

    const lines = watching.flatMap((file) =>
      [...file.matchAll(/startswith \\?"([\w: -]+) \{/g)].map(([, line]) => line),
    );
    expect(lines.length).toBeGreaterThan(8);
    expect([...new Set(lines)].filter((line) => !sources.includes(`('${line}'`))).toEqual([]);
  });
});

describe('docs/install.md', () => {
  it('names only parameters and outputs that the template has', () => {
    const page = readFileSync(join(projectRoot, 'docs', 'install.md'), 'utf8');
    const template = readFileSync(join(infra, 'main.bicep'), 'utf8');
    const [parameters, outputs] = ['param', 'output'].map((word) =>
      [...template.matchAll(new RegExp(`^${word} (\\w+)`, 'gm'))].map(([, name]) => name ?? ''),
    );

    const table = page.split('\n').filter((line) => line.startsWith('| `'));
    const named = table.flatMap((line) => [...(line.split('|')[1] ?? '').matchAll(/`(\w+)`/g)].map(([, name]) => name));
    const given = [...page.matchAll(/\b([a-z]\w+)=\S/g)].map(([, name]) => name);
    const shouted = [...page.matchAll(/`([A-Z_]+_(?:URL|ID|IDS|NAME|GROUP))`/g)].map(([, name]) => name);
    expect([...named].sort()).toEqual([...(parameters ?? [])].sort());
    expect(given.filter((name) => !parameters?.includes(name ?? ''))).toEqual(['write', 'write']);
    expect(shouted.filter((name) => !outputs?.includes(name ?? '') && name !== 'OVERLAY_KEYVAULT_NAME')).toEqual([]);
    expect(outputs?.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
  });

  it('is told what to do about every alert', () => {
    const page = readFileSync(join(projectRoot, 'docs', 'operate.md'), 'utf8');
    const alerts = readFileSync(join(infra, 'modules', 'alerts.bicep'), 'utf8');
    const titles = [...alerts.matchAll(/(?:title|displayName): '([^']+)'/g)].map(([, title]) => title ?? '');

    expect(titles.filter((title) => !title.includes('$')).length).toBeGreaterThan(4);
    expect(titles.filter((title) => !title.includes('$') && !page.includes(`| ${title}`))).toEqual([]);
  });
});
