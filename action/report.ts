import type { Environment } from './provisioner.ts';

/** The job summary: a table of what the environment is, its steps with their times, and its warnings. */
export function toSummary(environment: Environment): string {
  const { name, phase, url, imageTag, from, differs, steps = {}, warnings = [], error, refused } = environment;
  const rows: [string, string][] = [
    ['Environment', name],
    ['Phase', phase],
    ...(url === undefined ? [] : ([['Address', url]] as [string, string][])),
    ...(imageTag === undefined ? [] : ([['Image tag', imageTag]] as [string, string][])),
    ...(from === 'branch' ? ([['Manifests', `the branch’s own${describe(differs)}`]] as [string, string][]) : []),
    ...(error === undefined
      ? []
      : ([['Error', [error.message, error.fix].filter(Boolean).join('; ')]] as [string, string][])),
    ...(refused === undefined ? [] : ([['Refused', refused.reason]] as [string, string][])),
    ...warnings.map((warning): [string, string] => ['Warning', warning]),
  ];
  const times = Object.entries(steps).map(
    ([step, { state, ms }]) => `| ${cell(step)} | ${cell(state)} | ${(ms / 1000).toFixed(1)} s |`,
  );
  return [
    '### Feature branch environment',
    '',
    '| | |',
    '| --- | --- |',
    ...rows.map(([what, value]) => `| ${what} | ${cell(value)} |`),
    ...(times.length === 0 ? [] : ['', '| Step | State | Time |', '| --- | --- | --- |', ...times]),
  ].join('\n');
}

function describe(differs: Environment['differs']): string {
  if (differs === undefined) return '';
  const { added, changed, removed } = differs;
  return `: ${added.length} objects added, ${changed.length} changed, ${removed.length} removed`;
}

/** Text that others wrote, on one line of a table and without markup. */
function cell(text: string): string {
  return text.replace(/[\r\n]+/g, ' ').replace(/[&<>|`\\[\]*_]/g, (sign) => `&#${sign.codePointAt(0)};`);
}
