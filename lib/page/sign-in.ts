/** Whoever App Service says has signed in, with the app role that counts. */
export interface Person {
  kind: 'person';
  name: string;
  role: 'Reader' | 'Operator';
}

export type SignIn = Person | { kind: 'no'; status: 401 | 403; code: string; message: string };

export interface SignInCall {
  method: string;
  /** The address that was asked for. */
  url: string;
  /** By lower-case name. */
  header(name: string): string | undefined;
}

const ROLE_CLAIMS = ['roles', 'http://schemas.microsoft.com/ws/2008/06/identity/claims/role'];
const NAME_CLAIMS = [
  'preferred_username',
  'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn',
  'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress',
  'name',
];

/**
 * Who asks, by the principal that App Service puts in front of the app. `settings.signIn` is `entra` only where the
 * platform states that authentication is on: elsewhere the header is anybody's, and counts for nothing.
 * https://learn.microsoft.com/azure/app-service/configure-authentication-user-identities
 */
export function findPerson(settings: { signIn: 'off' | 'entra'; hostname?: string }, call: SignInCall): SignIn {
  if (settings.signIn !== 'entra') return no(401, 'sign-in-off', 'sign-in is not turned on: use function keys');
  const claims = readClaims(call.header('x-ms-client-principal'));
  if (claims === undefined) return no(401, 'not-signed-in', 'nobody has signed in');
  const roles = claims.filter(({ typ }) => ROLE_CLAIMS.includes(typ)).map(({ val }) => val);
  const role = (['Operator', 'Reader'] as const).find((one) => roles.includes(one));
  if (role === undefined) return no(403, 'no-role', 'this takes the app role Reader or Operator');
  const name = NAME_CLAIMS.map((typ) => claims.find((claim) => claim.typ === typ)?.val).find((one) => one);
  const person: Person = { kind: 'person', name: (name ?? 'a signed-in person').slice(0, 100), role };
  return call.method === 'GET' ? person : mayWrite(person, { settings, call });
}

/** A write is the page's own: another site can make a browser send neither this header nor this Origin. */
function mayWrite(person: Person, asked: { settings: { hostname?: string }; call: SignInCall }): SignIn {
  const { settings, call } = asked;
  if (person.role !== 'Operator') return no(403, 'not-operator', 'this takes the app role Operator');
  if (!call.header('x-requested-with')) return no(403, 'cross-site', 'the header x-requested-with is missing');
  const origin = call.header('origin');
  const own = URL.canParse(origin ?? '') ? new URL(origin ?? '') : undefined;
  const hosts = [new URL(call.url).host, settings.hostname].map((host) => host?.toLowerCase());
  if (own?.protocol !== 'https:' || !hosts.includes(own.host)) {
    return no(403, 'cross-site', 'the header Origin is missing or of another site');
  }
  return person;
}

interface Claim {
  typ: string;
  val: string;
}

function readClaims(header: string | undefined): Claim[] | undefined {
  if (header === undefined || header === '' || header.length > 64 * 1024) return undefined;
  try {
    const principal = JSON.parse(Buffer.from(header, 'base64').toString('utf8')) as {
      auth_typ?: unknown;
      claims?: unknown;
    } | null;
    if (principal?.auth_typ !== 'aad' || !Array.isArray(principal.claims)) return undefined;
    return principal.claims.filter(isClaim);
  } catch {
    return undefined;
  }
}

function isClaim(claim: unknown): claim is Claim {
  const { typ, val } = (claim ?? {}) as Partial<Record<keyof Claim, unknown>>;
  return typeof typ === 'string' && typeof val === 'string';
}

function no(status: 401 | 403, code: string, message: string): SignIn {
  return { kind: 'no', status, code, message };
}
