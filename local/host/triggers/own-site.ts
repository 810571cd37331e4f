import type { IncomingHttpHeaders } from 'node:http';

const THIS_MACHINE = ['localhost', '127.0.0.1', '[::1]'];

export type Refused = { status: 403 | 421; words: string };

/**
 * Why a call to a host on somebody's laptop is not taken: keys are off here, so a page of another site must reach it
 * neither by a name of its own that leads to this machine (DNS rebinding) nor by a form.
 */
export function refuseForeign(request: { method?: string; headers: IncomingHttpHeaders }): Refused | undefined {
  const { host = '', origin } = request.headers;
  const site = URL.parse(`http://${host}`);
  if (site === null || site.pathname !== '/' || site.username !== '' || !THIS_MACHINE.includes(site.hostname))
    return {
      status: 421,
      words: 'This host serves this machine alone: send Host: localhost (a tunnel has to rewrite the Host header).\n',
    };
  const isReading = request.method === 'GET' || request.method === 'HEAD';
  // by host alone: what ends TLS in front of this host serves the same site
  if (isReading || origin === undefined || URL.parse(origin)?.host === site.host) return undefined;
  return { status: 403, words: 'This host takes no calls from a page of another site.\n' };
}
