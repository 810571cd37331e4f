import { describe, expect, it } from '@jest/globals';
import {
  slugOf,
  toCredentialName,
  toDatabase,
  toNamespace,
  toNaming,
  RESERVED_HOSTS,
  toSlug,
  toSubject,
} from '../../../../lib/environment/model/names.ts';

const repository = 'acme/shop';

describe('toSlug', () => {
  // the hashes are pinned: changing one orphans every environment that has it
  const table: [ref: string, slug: string][] = [
    ['ex-c4-e6', 'ex-c4-e6'],
    ['Feature/Login', 'feature-login-ef50d2'],
    ['feature/login', 'feature-login-459dbe'],
    ['feature_login', 'feature-login-2d168d'],
    ['-dash', 'dash-3a40a6'],
    ['', 'b-9c2080'],
    ['🚀', 'b-1134c4'],
    ['émoji-🚀-x', 'moji-x-8c38df'],
    ['a'.repeat(55), 'a'.repeat(55)],
    ['a'.repeat(56), `${'a'.repeat(48)}-213d4d`],
    [`${'a'.repeat(47)}/${'b'.repeat(20)}`, `${'a'.repeat(47)}-a01ffd`],
  ];
  it.each(table)('makes %j the slug %j', (ref, slug) => {
    expect(toSlug({ repository, ref })).toBe(slug);
  });

  it.each(RESERVED_HOSTS)('gives the branch %s no host of its own: a hash tells it from a well-known one', (ref) => {
    const slug = toSlug({ repository: 'acme/shop', ref });
    expect(slug).toMatch(new RegExp(`^${ref}-[0-9a-f]{6}$`));
    expect(toSlug({ repository: 'acme/shop', ref: `${ref}2` })).toBe(`${ref}2`);
    expect(toSlug({ repository: 'acme/shop', ref, prefix: 'shop' })).toBe(`shop-${ref}`);
  });

  it('reserves what RESERVED_HOSTS names, a prefixed slug too, and nothing else', () => {
    const slug = (ref: string, prefix?: string) =>
      toSlug({ repository: 'acme/shop', ref, prefix, reserved: ['vpn', 'shop-www'] });
    expect(slug('www')).toBe('www');
    expect(slug('vpn')).toMatch(/^vpn-[0-9a-f]{6}$/);
    expect(slug('www', 'shop')).toMatch(/^shop-www-[0-9a-f]{6}$/);
  });

  it('puts the prefix in front before it looks at the length', () => {
    expect(toSlug({ repository, ref: 'login', prefix: 'api' })).toBe('api-login');
    expect(toSlug({ repository, ref: 'a'.repeat(52), prefix: 'api' })).toMatch(/^api-a{44}-[0-9a-f]{6}$/);
    expect(toSlug({ repository, ref: '🚀', prefix: 'api' })).toMatch(/^api-b-[0-9a-f]{6}$/);
  });

  it('hashes the repository without regard to case, so that a change of spelling changes no name', () => {
    expect(toSlug({ repository: 'ACME/Shop', ref: 'a/b' })).toBe(toSlug({ repository, ref: 'a/b' }));
    expect(toSlug({ repository: 'acme/other', ref: 'a/b' })).not.toBe(toSlug({ repository, ref: 'a/b' }));
  });

  it('gives a DNS label of at most 55 characters for any ref', () => {
    for (const ref of ['A', '.', '--', 'x'.repeat(255), 'Ünïcödé/ÄÖ', 'İ', 'a--b', '\u212a']) {
      expect(toSlug({ repository, ref })).toMatch(/^[a-z0-9]([-a-z0-9]{0,53}[a-z0-9])?$/);
    }
  });
});

describe('the other names', () => {
  it('follow from the slug', () => {
    expect(toNamespace('ex-c4-e6')).toBe('feature-ex-c4-e6');
    expect(toDatabase('ex-c4-e6')).toBe('ex_c4_e6');
    expect(toSubject({ namespace: 'feature-x', serviceAccount: 'web' })).toBe('system:serviceaccount:feature-x:web');
  });

  it('name the seed service account plainly, and any other by a hash or by the template', () => {
    const slug = 'ex-c4-e6';
    expect(toCredentialName({ slug, serviceAccount: 'postgres-service-account' })).toBe(
      'keyvault-workload-identity-ex-c4-e6',
    );
    expect(toCredentialName({ slug, serviceAccount: 'web' })).toBe('keyvault-workload-identity-ex-c4-e6-4b5e57');
    expect(toCredentialName({ slug, serviceAccount: 'web', template: 'x-{slug}-{serviceAccount}' })).toBe(
      'x-ex-c4-e6-web',
    );
    expect(toCredentialName({ slug, serviceAccount: 'a.b', template: 'x-{slug}-{serviceAccount}' })).toMatch(
      /^x-ex-c4-e6-a-b-[0-9a-f]{6}$/,
    );
  });

  it('keep a credential name within 120 characters, and two long ones apart', () => {
    const name = (last: string) =>
      toCredentialName({ slug: 's', serviceAccount: `${'a'.repeat(150)}${last}`, template: '{slug}-{serviceAccount}' });
    expect(name('1')).toHaveLength(120);
    expect(name('1')).not.toBe(name('2'));
  });

  it('leave a credential name of exactly 120 characters as it is, and shorten one of more by its hash', () => {
    const name = (length: number) =>
      toCredentialName({ slug: 's', serviceAccount: 'a'.repeat(length - 2), template: '{slug}-{serviceAccount}' });
    expect(name(120)).toBe(`s-${'a'.repeat(118)}`);
    expect(name(121)).toMatch(/^s-a{111}-[0-9a-f]{6}$/);
  });

  it.each([
    ['{slug}', 'postgres-service-account', /^ex$/],
    ['{slug}', 'web', /^ex-[0-9a-f]{6}$/],
    // two accounts must not share a name because their dots were replaced
    ['{slug}.{serviceAccount}', 'postgres-service-account', /^ex-postgres-service-account-[0-9a-f]{6}$/],
    ['{slug}.x', 'postgres-service-account', /^ex-x$/],
    ['{slug}_{serviceAccount}', 'postgres-service-account', /^ex_postgres-service-account$/],
  ])('tell the accounts of one template apart: %s for %s', (template, serviceAccount, name) => {
    expect(toCredentialName({ slug: 'ex', serviceAccount, template })).toMatch(name);
  });
});

describe('the naming of a repository', () => {
  const settings = { repositories: [{ fullName: 'Acme/Shop', prefix: 'shop' }, { fullName: 'acme/other' }] };

  it('is known by name and id, whatever the case of the name', () => {
    expect(toNaming({ id: 42, fullName: 'ACME/shop' }, settings)).toStrictEqual({
      owners: ['name acme/shop', 'id 42'],
      way: expect.stringMatching(/^name acme\/shop, prefix shop, reserved [0-9a-f]{6}$/),
    });
    expect(toNaming({ fullName: 'acme/other' }, settings)).toStrictEqual({
      owners: ['name acme/other'],
      way: expect.stringMatching(/^name acme\/other, prefix , reserved [0-9a-f]{6}$/),
    });
  });

  it('is another way with other reserved hosts, in whatever order they are named', () => {
    const way = (reservedHosts?: string[]) =>
      toNaming({ fullName: 'acme/shop' }, { ...settings, ...(reservedHosts && { reservedHosts }) }).way;
    expect(way()).toBe(way([...RESERVED_HOSTS]));
    expect(way(['b', 'a'])).toBe(way(['a', 'b']));
    expect(way(['a'])).not.toBe(way());
    expect(way([])).not.toBe(way(['a']));
  });

  it('gives a branch the slug with its prefix and the reserved hosts of the settings', () => {
    const slug = (fullName: string, ref: string) =>
      slugOf({ repository: { fullName }, ref }, { ...settings, reservedHosts: ['vpn'] });
    expect(slug('acme/SHOP', 'login')).toBe('shop-login');
    expect(slug('acme/other', 'login')).toBe('login');
    expect(slug('acme/other', 'www')).toBe('www');
    expect(slug('acme/other', 'vpn')).toMatch(/^vpn-[0-9a-f]{6}$/);
  });
});
