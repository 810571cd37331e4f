import type { LiveObject } from '../../api/object-meta.ts';
import { type LiveEvent, msOf } from '../reading.ts';

/** When an event was last seen. */
function lastSeen({ series, lastTimestamp, eventTime }: LiveEvent): string {
  return series?.lastObservedTime ?? lastTimestamp ?? eventTime ?? '';
}

/** When it was first seen. */
export function firstSeen(event: LiveEvent): string | undefined {
  return event.firstTimestamp ?? event.eventTime ?? event.lastTimestamp;
}

/** The newest warning about exactly this object, by its uid: a namesake's events outlive it. */
export function newestWarning(
  events: readonly LiveEvent[],
  about: Pick<LiveObject, 'metadata'>,
  options: { reasons: readonly string[]; after?: number; message?: RegExp },
): LiveEvent | undefined {
  const { reasons, after = 0, message } = options;
  return events
    .filter(
      (event) =>
        event.type === 'Warning' &&
        isAbout(event, about) &&
        reasons.includes(event.reason ?? '') &&
        msOf(lastSeen(event)) >= after &&
        (message === undefined || message.test(event.message ?? '')),
    )
    .reduce<LiveEvent | undefined>(
      (newest, event) => (newest === undefined || lastSeen(event) >= lastSeen(newest) ? event : newest),
      undefined,
    );
}

function isAbout({ involvedObject }: LiveEvent, { metadata }: Pick<LiveObject, 'metadata'>): boolean {
  return involvedObject?.uid === undefined
    ? involvedObject?.name === metadata.name
    : involvedObject.uid === metadata.uid;
}
