import { html, useRef, useState } from '../vendor/preact.js';
import { call } from '../api.js';
import { shellQuote } from '../format.js';
import { CopyButton } from '../parts.js';
import { askForKeys } from '../shell.js';

/** The state of one action: nothing yet, under way, done, or why not. */
export function useAction(fn, path) {
  const [answer, setAnswer] = useState({ kind: 'idle' });
  const isBusy = useRef(false);
  const act = async (body) => {
    // a second click may come before the button is drawn as disabled
    if (isBusy.current) return { kind: 'busy' };
    isBusy.current = true;
    setAnswer({ kind: 'busy' });
    const given = await call(fn, path, { method: 'POST', body });
    isBusy.current = false;
    setAnswer(given);
    return given;
  };
  return { answer, act };
}

/** Why an action was not taken, with the way on. */
export function Refusal({ answer, fn }) {
  if (['idle', 'busy', 'ok'].includes(answer.kind)) return null;
  return html`<div class="note bad" role="alert">
    <div>
      <p class="note-title">
        ${
          answer.kind === 'denied'
            ? answer.message || `The key does not open ${fn}`
            : answer.kind === 'down'
              ? `Not done: ${answer.message}`
              : answer.message
        }
      </p>
      ${answer.guard && html`<p class="quiet">Refused by guard ${answer.guard}.</p>`}
      ${answer.fix && html`<p class="fix"><span>Fix</span> ${answer.fix}</p>`}
      ${
        answer.kind === 'denied' &&
        html`<button type="button" class="plain" onClick=${() => askForKeys(fn)}>Paste the key of ${fn}</button>`
      }
    </div>
  </div>`;
}

/** The same action for a terminal. */
export function Curl({ path, body }) {
  const text = [
    `curl -X POST ${shellQuote(`${location.origin}/api/${path}`)}`,
    `-H "x-functions-key: $KEY" -H 'content-type: application/json'`,
    `-d ${shellQuote(JSON.stringify(body))}`,
  ].join(' ');
  return html`<${CopyButton} text=${text} label="Copy as curl" />`;
}
