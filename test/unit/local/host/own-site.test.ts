import { describe, expect, it } from '@jest/globals';
import { refuseForeign } from '../../../../local/host/triggers/own-site.ts';

const ask = (method: string, headers: Record<string, string>) => refuseForeign({ method, headers })?.status;

describe('a host on a laptop', () => {
  it.each(['localhost:7071', '127.0.0.1:7071', '[::1]:7071', 'LOCALHOST:7071', 'localhost'])(
    'serves calls to %s',
    (host) => {
      expect(ask('GET', { host })).toBeUndefined();
      expect(ask('POST', { host })).toBeUndefined();
    },
  );

  it.each([
    'evil.example:7071',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    'evil.example@localhost',
    'localhost@evil.example',
    'localhost/evil',
    '10.0.0.5:7071',
    '',
    'a b',
  ])('serves no call to %p, whose page would read what it answers', (host) => {
    expect(ask('GET', { host })).toBe(421);
    expect(ask('POST', { host, origin: `http://${host}` })).toBe(421);
  });

  it.each([
    'https://evil.example',
    'null',
    'http://localhost:3000',
    'https://localhost:7072',
    'http://127.0.0.1:7071',
    '',
  ])('takes nothing that changes something from a page of %p, which may read all the same', (origin) => {
    const host = 'localhost:7071';
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) expect(ask(method, { host, origin })).toBe(403);
    expect(ask('GET', { host, origin })).toBeUndefined();
  });

  it('takes what its own page sends', () => {
    expect(ask('POST', { host: 'localhost:7071', origin: 'http://localhost:7071' })).toBeUndefined();
    expect(ask('POST', { host: '127.0.0.1:7071', origin: 'http://127.0.0.1:7071' })).toBeUndefined();
    // behind something that ends TLS
    expect(ask('POST', { host: 'localhost:7071', origin: 'https://localhost:7071' })).toBeUndefined();
  });
});
