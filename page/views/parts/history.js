import { html, useState } from '../../vendor/preact.js';
import { formatActor, formatDuration, formatTime } from '../../format.js';
import { Ago, Section } from '../../parts.js';

const SHORT = 8;

/** What happened, the newest first. */
export function History({ environment, now }) {
  const [isWhole, setWhole] = useState(false);
  const entries = [...(environment.history ?? [])].reverse();
  if (entries.length === 0) return null;
  const shown = isWhole ? entries : entries.slice(0, SHORT);
  return html`<${Section} title="History">
    <ol class="history">
      ${shown.map(
        (entry) =>
          html`<li key=${entry.at + entry.what}>
            <span class="quiet" title=${formatTime(entry.at)}><${Ago} at=${entry.at} now=${now} /></span>
            <div>
              <span class=${entry.what === 'failed' || entry.what === 'refused' ? 'bad-text' : ''}
                >${toWhat(entry)}</span
              >
              <span class="quiet"> ${describe(entry)}</span>
              ${entry.why && html`<p>${entry.why}</p>`}
            </div>
          </li>`,
      )}
    </ol>
    ${
      entries.length > SHORT &&
      html`<button type="button" class="plain" onClick=${() => setWhole(!isWhole)}>
        ${isWhole ? 'Show less' : `Show all ${entries.length}`}
      </button>`
    }
  <//>`;
}

/** What was asked for, where that is the entry. */
function toWhat({ what, reason }) {
  return what === 'event' ? (reason ?? what) : what;
}

function describe({ what, reason, imageTag, ms, changes, actor }) {
  const counts = Object.entries(changes ?? {}).map(([action, count]) => `${count} ${action}`);
  return [
    reason && what !== 'event' && `on ${reason}`,
    formatActor(actor) && `by ${formatActor(actor)}`,
    imageTag && `tag ${imageTag}`,
    counts.join(', '),
    ms !== undefined && `in ${formatDuration(ms)}`,
  ]
    .filter(Boolean)
    .join(' · ');
}
