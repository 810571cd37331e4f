import { createPublicKey, randomBytes, verify } from 'node:crypto';
import { type GitHubAnswer, type GitHubCall, NOT_FOUND, type StandInApp, page } from './model.ts';

const HOUR_MS = 3_600_000;
const REFUSED: GitHubAnswer = { status: 401, body: { message: 'A JSON web token could not be decoded' } };

/** What an App asks with its own signed token: an installation token, who it is, and its webhook's deliveries. */
export function createApp(app: StandInApp) {
  const tokens = new Map<string, number>();
  return {
    /** Whether an installation token is good now. */
    admits: (token: string): boolean => (tokens.get(token) ?? 0) > Date.now() && app.isSuspended !== true,
    answer(call: GitHubCall, target: { url: URL; base: string; token: string | undefined }): GitHubAnswer | undefined {
      const { pathname } = target.url;
      if (!pathname.startsWith('/app')) return undefined;
      if (target.token === undefined || !isSignedBy(app, target.token)) return REFUSED;
      if (pathname === '/app') return { status: 200, body: { id: Number(app.id), slug: app.slug } };
      if (pathname === '/app/hook/deliveries') return page(app.deliveries, target);
      const attempt = /^\/app\/hook\/deliveries\/(\d+)\/attempts$/.exec(pathname)?.[1];
      if (attempt !== undefined && call.method === 'POST') return redeliver(app, Number(attempt));
      if (pathname !== `/app/installations/${app.installationId}/access_tokens`) return NOT_FOUND;
      if (app.isSuspended === true)
        return { status: 403, body: { message: 'This installation has been suspended', status: '403' } };
      const token = `ghs_${randomBytes(18).toString('hex')}`;
      const until = Date.now() + (app.tokenLifeMs ?? HOUR_MS);
      tokens.set(token, until);
      return {
        status: 201,
        body: { token, expires_at: new Date(until).toISOString(), permissions: {}, repository_selection: 'all' },
      };
    },
  };
}

function redeliver(app: StandInApp, id: number): GitHubAnswer {
  const delivery = app.deliveries.find((one) => one.id === id);
  if (delivery === undefined) return NOT_FOUND;
  app.onRedeliver?.(delivery);
  return { status: 202, body: {} };
}

function isSignedBy({ id, publicKey }: StandInApp, jwt: string): boolean {
  const [head = '', claims = '', signature = ''] = jwt.split('.');
  const isSigned = verify(
    'RSA-SHA256',
    Buffer.from(`${head}.${claims}`),
    createPublicKey(publicKey),
    Buffer.from(signature, 'base64url'),
  );
  if (!isSigned) return false;
  const { iss, exp } = JSON.parse(Buffer.from(claims, 'base64url').toString()) as { iss: unknown; exp: number };
  return String(iss) === id && exp * 1_000 > Date.now();
}
