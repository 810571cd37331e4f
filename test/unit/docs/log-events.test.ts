import { globSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';

const page = readFileSync('docs/operate.md', 'utf8');
const table = page.slice(page.indexOf('To alert on:'), page.indexOf('## Who did what'));
const ids = [...table.matchAll(/^\| (`[^|]+`)\s+\|/gm)].flatMap(([, cell = '']) =>
  [...cell.matchAll(/`([^`]+)`/g)].map(([, id = '']) => id),
);
const code = globSync('lib/**/*.ts').map((file) => readFileSync(file, 'utf8'));

describe('the ids of log events in docs/operate.md', () => {
  it('are those of the code, so that an alert on one does not go silent', () => {
    expect(ids.length).toBeGreaterThan(8);
    const isLogged = (id: string) =>
      code.some((text) => new RegExp(`log\\.(info|warn|error)\\(\\s*'${id}'`).test(text));
    expect(ids.filter((id) => !isLogged(id))).toEqual([]);
  });

  it('are those that the alerts and the workbook of infra/ look for', () => {
    const queries = ['infra/modules/alerts.bicep', 'infra/modules/workbook.json'].map((file) =>
      readFileSync(file, 'utf8'),
    );
    const asked = queries.flatMap((text) =>
      [...text.matchAll(/message startswith \\?"([^"\\]+?) \{/g)].map(([, id = '']) => id),
    );
    expect(asked.length).toBeGreaterThan(4);
    const isLogged = (id: string) => code.some((text) => text.includes(`'${id}'`));
    expect(asked.filter((id) => !isLogged(id))).toEqual([]);
  });
});
