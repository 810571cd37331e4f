import { type Answer, failed } from '../intake/answer.ts';
import { findPerson, type Person, type SignInCall } from './sign-in.ts';

export interface MirrorCall extends SignInCall {
  /** Behind ui-api/. */
  path: string;
  query: URLSearchParams;
  body(): Promise<Uint8Array>;
  requestId: string;
}

/** One address of the mirror: what it asks for, of whom. */
export interface MirrorRoute {
  method: 'GET' | 'POST';
  pattern: RegExp;
  answer(call: MirrorCall & { person: Person; name: string }): Promise<Answer>;
}

/** The API for who has signed in: the same answers as by function keys, told who asks. */
export async function answerMirror(
  deps: { settings(): { signIn: 'off' | 'entra'; hostname?: string }; routes: readonly MirrorRoute[] },
  call: MirrorCall,
): Promise<Answer> {
  const { requestId } = call;
  const person = findPerson(deps.settings(), call);
  if (person.kind === 'no') return failed({ ...person, requestId });
  if (call.method === 'GET' && call.path === 'me') {
    return { status: 200, body: { name: person.name, role: person.role } };
  }
  for (const { method, pattern, answer } of deps.routes) {
    const found = method === call.method ? pattern.exec(call.path) : null;
    if (found !== null) return answer({ ...call, person, name: found[1] ?? '' });
  }
  return failed({ status: 404, code: 'not-found', message: 'there is no such address', requestId });
}
