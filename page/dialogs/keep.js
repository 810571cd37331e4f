import { html, useState } from '../vendor/preact.js';
import { formatTime } from '../format.js';
import { Dialog } from '../parts.js';
import { Curl, Refusal, useAction } from './act.js';

const DAY_MS = 86_400_000;
const CHOICES = [
  [1, 'A day'],
  [7, 'A week'],
  [14, 'Two weeks'],
  [30, 'A month'],
];

/** Keeps an environment until a date, whatever its life span, or takes that back. */
export function KeepDialog({ environment, onClose, onDone }) {
  const [until, setUntil] = useState(toLocal(environment.keepUntil ?? new Date(Date.now() + 7 * DAY_MS)));
  const [why, setWhy] = useState('');
  const path = `environments/${encodeURIComponent(environment.name)}/keep`;
  const { answer, act } = useAction('environment-keep', path);
  const toBody = (iso) => ({ until: iso, ...(why.trim() && { why: why.trim() }) });
  const at = new Date(until);
  const body = toBody(Number.isNaN(at.getTime()) ? null : at.toISOString());
  const send = async (event, wanted) => {
    event.preventDefault();
    const given = await act(wanted);
    if (given.kind === 'ok') onDone();
  };
  return html`<${Dialog} title="Keep" onClose=${onClose}>
    <form onSubmit=${(event) => send(event, body)}>
      <p class="quiet">
        ${
          environment.keepUntil
            ? `Kept until ${formatTime(environment.keepUntil)}.`
            : 'Keeps it until a date, past its life span and its branch.'
        }
      </p>
      <div class="choices" role="group" aria-label="For how long">
        ${CHOICES.map(
          ([days, label]) =>
            html`<button type="button" onClick=${() => setUntil(toLocal(new Date(Date.now() + days * DAY_MS)))}>
              ${label}
            </button>`,
        )}
      </div>
      <label class="field">
        <span>Until</span>
        <input
          type="datetime-local"
          required
          autofocus
          value=${until}
          onInput=${(event) => setUntil(event.target.value)}
        />
      </label>
      <label class="field">
        <span>Why <span class="quiet">for the others</span></span>
        <input value=${why} maxlength="200" onInput=${(event) => setWhy(event.target.value)} />
      </label>
      <${Refusal} answer=${answer} fn="environment-keep" />
      <footer>
        <${Curl} path=${path} body=${body} />
        ${
          environment.keepUntil &&
          html`<button type="button" onClick=${(event) => send(event, toBody(null))}>Keep no longer</button>`
        }
        <button type="submit" class="primary" disabled=${answer.kind === 'busy'}>Keep</button>
      </footer>
    </form>
  <//>`;
}

/** What an input of type datetime-local takes: the viewer's own time, to the minute. */
function toLocal(time) {
  const at = new Date(time);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
