import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';

it('the custom role of docs/install.md has the rights of the one that infra/ makes, and no other', () => {
  const json = /```json\n(\{[\s\S]*?federated credential writer[\s\S]*?\})\n```/.exec(
    readFileSync('docs/install.md', 'utf8'),
  )?.[1];
  const { Actions: actions } = JSON.parse(json ?? '{}') as { Actions?: string[] };
  const bicep = readFileSync('infra/modules/identities.bicep', 'utf8');
  const [, made = ''] = /resource credentialWriter[\s\S]*?actions: \[([\s\S]*?)\]/.exec(bicep) ?? [];
  const expected = [...made.matchAll(/'([^']+)'/g)].map(([, action]) => action);
  expect(expected.length).toBe(4);
  expect(actions).toEqual(expected);
});
