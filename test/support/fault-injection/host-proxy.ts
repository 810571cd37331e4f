import type { FaultKind, Peer } from './kinds.ts';
import type { Call, CallLine } from './call-log.ts';

/** What the proxies of one host ask of every call that comes. */
export interface Admission {
  admit(peer: Peer, request: { method: string; path: string }): FaultKind | 'hang' | undefined;
  /** Told of every call as it comes; what it returns is told of the peer's answer, 0 where it gave none. */
  watch?: Watch;
  /** What a made-up answer quotes of the call. */
  echo?: (headers: NodeJS.Dict<string | string[]>) => string;
  /** Resolves when the host is not paused: calls and answers wait for it. */
  awake?: () => Promise<void>;
  /** Whether the host is killed: nothing of it goes through any more, neither call nor answer. */
  isDead(): boolean;
}

export type Watch = (
  peer: Peer,
  request: { method: string; path: string; headers: NodeJS.Dict<string | string[]> },
) => ((status: number) => void) | undefined;

export interface HostAdmission extends Admission {
  /** Resolves with the call that killed the host, or undefined where it was killed from outside. */
  killed: Promise<Call | undefined>;
  kill(): void;
}

/** One host's way to its peers: the line numbers its calls, and a kill cuts it off from all of them at once. */
export function createHostAdmission(
  line: CallLine,
  options: { nameOf?: (path: string) => string; onTimeOut?: () => void } & Pick<
    Admission,
    'watch' | 'awake' | 'echo'
  > = {},
): HostAdmission {
  const { promise, resolve } = Promise.withResolvers<Call | undefined>();
  let dead = false;
  const die = (by?: Call): void => {
    dead = true;
    resolve(by);
  };
  return {
    ...(options.watch !== undefined && { watch: options.watch }),
    ...(options.echo !== undefined && { echo: options.echo }),
    ...(options.awake !== undefined && { awake: options.awake }),
    killed: promise,
    kill: () => die(),
    isDead: () => dead,
    admit(peer, request) {
      if (dead) return 'hang';
      const path = options.nameOf?.(request.path) ?? request.path;
      const { call, kind } = line.next(peer, { ...request, path });
      if (kind === 'kill-before' || kind === 'kill-after') {
        // the answer of the call that kills is lost with the host, also where the peer still acts on it
        die(call);
        return kind;
      }
      if (kind === 'time-out') options.onTimeOut?.();
      return kind;
    },
  };
}
