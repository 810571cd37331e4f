import { describe, expect, it } from '@jest/globals';
import { parseManual } from '../../../lib/intake/manual-body.ts';

const MALFORMED_TAG = 'imageTag is not an image tag: a letter, digit or _ and up to 127 of letters, digits, _ . -';
const NO_REPOSITORY = 'repository is not owner/name';

describe('the body of a manual call', () => {
  it.each<[object, object]>([
    [{ branch: 'x' }, { branch: 'x', dryRun: false }],
    [
      { branch: 'x', dryRun: false, adopt: false },
      { branch: 'x', dryRun: false },
    ],
    [
      { branch: 'x', repository: 'acme/shop', imageTag: 'v2', adopt: true, dryRun: true },
      { branch: 'x', repository: 'acme/shop', imageTag: 'v2', adopt: true, dryRun: true },
    ],
  ])('%j of a provision is read as %j', (body, manual) => {
    expect(parseManual(JSON.stringify(body), 'provision')).toStrictEqual(manual);
  });

  it('of a deprovision has neither a tag nor an adoption', () => {
    const body = { branch: 'x', repository: 'acme/shop', dryRun: true };
    expect(parseManual(JSON.stringify(body), 'deprovision')).toStrictEqual(body);
    const say = (more: object) => parseManual(JSON.stringify({ branch: 'x', ...more }), 'deprovision');
    expect(say({ imageTag: 'v1' })).toStrictEqual({ malformed: 'imageTag has no place in a deprovision call' });
    expect(say({ adopt: true })).toStrictEqual({ malformed: 'adopt has no place in a deprovision call' });
    expect(say({ adopt: false })).toStrictEqual({ malformed: 'adopt has no place in a deprovision call' });
    expect(say({ adopt: 'yes' })).toStrictEqual({ malformed: 'adopt is neither true nor false' });
  });

  it.each<[object, string]>([
    [{}, 'branch is missing'],
    [{ branch: 'a..b' }, 'branch has "..", which git refuses'],
    [{ branch: 'x', more: 1 }, 'field "more" is not known; the fields are branch, repository, imageTag, adopt, dryRun'],
    [{ branch: 'x', repository: 7 }, NO_REPOSITORY],
    [{ branch: 'x', repository: ['acme/shop'] }, NO_REPOSITORY],
    [{ branch: 'x', repository: null }, NO_REPOSITORY],
    [{ branch: 'x', repository: '' }, NO_REPOSITORY],
    [{ branch: 'x', repository: 'shop' }, NO_REPOSITORY],
    [{ branch: 'x', repository: 'a/b/c' }, NO_REPOSITORY],
    [{ branch: 'x', repository: 'a /b' }, NO_REPOSITORY],
    [{ branch: 'x', imageTag: 'a b' }, MALFORMED_TAG],
    [{ branch: 'x', imageTag: null }, MALFORMED_TAG],
    [{ branch: 'x', adopt: 'yes' }, 'adopt is neither true nor false'],
    [{ branch: 'x', adopt: null }, 'adopt is neither true nor false'],
    [{ branch: 'x', dryRun: 'true' }, 'dryRun is neither true nor false'],
    [{ branch: 'x', dryRun: 1 }, 'dryRun is neither true nor false'],
  ])('%j is refused: %s', (body, malformed) => {
    expect(parseManual(JSON.stringify(body), 'provision')).toStrictEqual({ malformed });
  });
});
