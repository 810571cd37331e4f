import { describe, expect, it } from '@jest/globals';
import { POD_SECURITY, ownerLabels, slugLabel, stricterLevel } from '../../../../lib/environment/model/labels.ts';

describe('the labels by which an environment is known', () => {
  // renaming one orphans every live environment
  it('are these on the namespace, and the slug’s on an object', () => {
    expect(ownerLabels('ex')).toStrictEqual({
      'app.kubernetes.io/managed-by': 'feature-branch-provisioner',
      'feature-branch-provisioner/slug': 'ex',
    });
    expect(slugLabel('ex')).toStrictEqual({ 'feature-branch-provisioner/slug': 'ex' });
  });
});

describe('stricterLevel', () => {
  it('never lets an overlay weaken the installed level of pod security', () => {
    expect(POD_SECURITY).toEqual(['privileged', 'baseline', 'restricted']);
    for (const [weaker, installed] of POD_SECURITY.entries())
      for (const [index, stated] of POD_SECURITY.entries())
        expect(stricterLevel(installed, stated)).toBe(POD_SECURITY[Math.max(weaker, index)]);
  });

  it.each([undefined, 'Restricted', ''])('counts %p as nothing stated', (stated) => {
    for (const installed of POD_SECURITY) expect(stricterLevel(installed, stated)).toBe(installed);
  });
});
