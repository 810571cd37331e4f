import { createCipheriv, createDecipheriv, createHash, createPublicKey, randomBytes, verify } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';

/*
 * Stands in for oauth2-proxy 7.15 on the test node: the options, routes, cookies and state that components/private
 * relies on, as its source has them. An option that it does not know ends it, as it ends the real one.
 */

const KNOWN =
  `http-address provider oidc-issuer-url client-id client-secret-file redirect-url code-challenge-method scope
  oidc-email-claim email-domain skip-provider-button cookie-name cookie-secret-file cookie-expire session-cookie-minimal
  whitelist-domain upstream request-logging`.split(/\s+/);

const options = {};
for (const argument of process.argv.slice(2)) {
  const [, name, value] = /^--([a-z0-9-]+)=(.*)$/s.exec(argument) ?? [];
  if (!KNOWN.includes(name)) fail(`unknown flag: ${argument}`);
  options[name] = value;
}
const key = Buffer.from(await readFile(options['cookie-secret-file'], 'utf8'), 'base64url');
if (key.length !== 32) fail(`cookie_secret must be 32 bytes to create an AES cipher, but is ${key.length} bytes`);
const clientSecret = await readFile(options['client-secret-file'], 'utf8');
const issuer = options['oidc-issuer-url'];
const found = await (await fetch(`${issuer}/.well-known/openid-configuration`)).json();
if (found.issuer !== issuer) fail('oidc: issuer did not match');

const session = options['cookie-name'];
const csrf = `${session}_csrf`;
const hash = (text) => createHash('sha256').update(text).digest('base64url');
const setCookie = (name, value, age) => `${name}=${value}; Path=/; Max-Age=${age}; HttpOnly; Secure; SameSite=Lax`;

const routes = {
  '/ping': () => ({ status: 200 }),
  '/ready': () => ({ status: 200 }),
  '/oauth2/auth': ({ headers }) => ({ status: isSignedIn(headers) ? 202 : 401 }),
  '/oauth2/start': ({ headers }, query) => {
    const wanted = query.get('rd') ?? headers['x-auth-request-redirect'] ?? '/';
    const kept = { state: random(), nonce: random(), verifier: random() };
    const login = new URL(found.authorization_endpoint);
    login.search = new URLSearchParams({
      response_type: 'code',
      client_id: options['client-id'],
      redirect_uri: options['redirect-url'],
      scope: options['scope'],
      code_challenge: hash(kept.verifier),
      code_challenge_method: 'S256',
      nonce: hash(kept.nonce),
      state: `${hash(kept.state)}:${isAllowed(wanted) ? wanted : '/'}`,
    }).toString();
    return { status: 302, location: login.href, cookies: [setCookie(csrf, seal(csrf, kept), 900)] };
  },
  '/oauth2/callback': async ({ headers }, query) => {
    if (query.get('error') !== null) return { status: 403 };
    const state = query.get('state') ?? '';
    const kept = open(csrf, cookieOf(headers, csrf));
    if (kept === undefined || hash(kept.state) !== state.split(':')[0]) return { status: 403 };
    const answer = await fetch(found.token_endpoint, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        client_id: options['client-id'],
        client_secret: clientSecret,
        redirect_uri: options['redirect-url'],
        code: query.get('code') ?? '',
        code_verifier: kept.verifier,
      }),
    });
    if (!answer.ok) return { status: 500 };
    const claims = await claimsOf((await answer.json()).id_token);
    if (claims?.nonce !== hash(kept.nonce) || claims.aud !== options['client-id']) return { status: 403 };
    const until = Date.now() + 12 * 3_600_000;
    const signedIn = { email: claims[options['oidc-email-claim']], until };
    if (!signedIn.email) return { status: 500 };
    const back = state.slice(state.indexOf(':') + 1);
    return {
      status: 302,
      location: isAllowed(back) ? back : '/',
      cookies: [setCookie(csrf, '', 0), setCookie(session, seal(session, signedIn), 43_200)],
    };
  },
};

const [host, port] = options['http-address'].split(':');
createServer(async (request, response) => {
  const { pathname, searchParams } = new URL(request.url, 'http://localhost');
  const answer = await Promise.resolve(routes[pathname]?.(request, searchParams) ?? { status: 404 }).catch((error) => {
    console.error(error);
    return { status: 500 };
  });
  if (answer.location !== undefined) response.setHeader('Location', answer.location);
  if (answer.cookies !== undefined) response.setHeader('Set-Cookie', answer.cookies);
  response.writeHead(answer.status).end();
}).listen(Number(port), host);
// as the first process of its container it would not end by itself
process.once('SIGTERM', () => process.exit(0));

function fail(why) {
  console.error(why);
  process.exit(1);
}

function random() {
  return randomBytes(32).toString('base64url');
}

/** A path of this host, or an address at the one host that is allowed. */
function isAllowed(wanted) {
  if (/^\/(?![/\\])/.test(wanted)) return true;
  return /^https?:\/\//.test(wanted) && new URL(wanted).host === options['whitelist-domain'];
}

function cookieOf(headers, name) {
  const pairs = (headers.cookie ?? '').split(/; ?/).map((each) => each.split('='));
  return pairs.find(([each]) => each === name)?.[1] ?? '';
}

function isSignedIn(headers) {
  return (open(session, cookieOf(headers, session))?.until ?? 0) > Date.now();
}

function seal(name, value) {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(name));
  const sealed = Buffer.concat([cipher.update(JSON.stringify(value)), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64url');
}

/** What was sealed with this key under this name; nothing where it was not. */
function open(name, text) {
  const bytes = Buffer.from(text, 'base64url');
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12)).setAAD(Buffer.from(name));
    decipher.setAuthTag(bytes.subarray(12, 28));
    return JSON.parse(Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString());
  } catch {
    return undefined;
  }
}

async function claimsOf(token) {
  const [head, body, signature] = token.split('.');
  const { keys } = await (await fetch(found.jwks_uri)).json();
  const { kid } = JSON.parse(Buffer.from(head, 'base64url'));
  const jwk = keys.find((each) => each.kid === kid);
  if (jwk === undefined) return undefined;
  const from = createPublicKey({ key: jwk, format: 'jwk' });
  const isGenuine = verify('sha256', Buffer.from(`${head}.${body}`), from, Buffer.from(signature, 'base64url'));
  return isGenuine ? JSON.parse(Buffer.from(body, 'base64url')) : undefined;
}
