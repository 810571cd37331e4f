import { describe, expect, test } from '@jest/globals';
import type { AppFunction } from '../../../../local/host/load-app.ts';
import { findRoute, toRoute } from '../../../../local/host/triggers/routes.ts';

const route = (own: string) => toRoute({ name: own, trigger: { route: own } } as AppFunction, 'api');
const routes = [route('ui/{*path}'), route('environments/{name?}'), route('environments/{name}/keep')];
const find = (path: string) => {
  const found = findRoute(routes, { method: 'GET', path });
  return found && { template: found.route.template, params: found.params };
};

describe('a route that takes the rest of the path', () => {
  test.each([
    ['/api/ui', {}],
    ['/api/ui/', {}],
    ['/api/ui/main.js', { path: 'main.js' }],
    ['/api/ui/environments/my-branch', { path: 'environments/my-branch' }],
    ['/api/ui/a%20b/c', { path: 'a b/c' }],
  ])('finds %s', (path, params) => {
    expect(find(path)).toEqual({ template: 'api/ui/{*path}', params });
  });

  test.each(['/api', '/api/uix', '/ui/main.js'])('does not find %s', (path) => {
    expect(find(path)).toBeUndefined();
  });

  test('takes nothing from the others', () => {
    expect(find('/api/environments')).toEqual({ template: 'api/environments/{name?}', params: {} });
    expect(find('/api/environments/x/keep')).toEqual({
      template: 'api/environments/{name}/keep',
      params: { name: 'x' },
    });
  });
});
