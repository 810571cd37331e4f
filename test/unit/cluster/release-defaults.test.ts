import { expect, it } from '@jest/globals';
import { findUnowned } from '../../../lib/cluster/release-defaults.ts';

it('finds what the server filled in and nobody owns, inside keyed lists too, and nothing that is owned as a whole', () => {
  const live = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web' },
    spec: {
      selector: { matchLabels: { app: 'web' } },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%' } },
      template: { spec: { containers: [{ name: 'c', image: 'a', imagePullPolicy: 'Always' }, { name: 'd' }] } },
    },
    status: { replicas: 1 },
  };
  const ours = {
    'f:spec': {
      'f:selector': {},
      'f:template': { 'f:spec': { 'f:containers': { 'k:{"name":"c"}': { '.': {}, 'f:name': {}, 'f:image': {} } } } },
    },
  };
  const theirs = { 'f:spec': { 'f:strategy': { 'f:type': {} } } };

  expect(findUnowned(live, [ours, theirs])).toEqual({
    'f:spec': {
      'f:strategy': { 'f:rollingUpdate': { '.': {}, 'f:maxSurge': {} } },
      'f:template': { 'f:spec': { 'f:containers': { 'k:{"name":"c"}': { 'f:imagePullPolicy': {} } } } },
    },
  });
});
