type Listener = (peer: string, reason: string) => void;

let listener: Listener | undefined;

/** Told of every call that is sent again; one listener for the process, set where telemetry is configured. */
export function onRetry(told: Listener): void {
  listener = told;
}

/** Says that a call to a peer is sent again. */
export function noteRetry(peer: string, reason: string): void {
  listener?.(peer, reason);
}
