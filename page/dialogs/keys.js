import { html, useState } from '../vendor/preact.js';
import { FUNCTIONS, readKeys, writeKeys } from '../keys.js';
import { Dialog } from '../parts.js';
import { forgetAll } from '../poll.js';

/** Function keys of this tab. Each function has its own; one that opens all may stand for the rest. */
export function KeysDialog({ fn, onClose }) {
  const [keys, setKeys] = useState(readKeys());
  const [isEach, setEach] = useState(
    Object.keys(keys).some((name) => name !== 'all') || (fn ?? 'environments') !== 'environments',
  );
  const field = (name, label, hint) =>
    html`<label class="field">
      <span>${label} ${hint && html`<span class="quiet">${hint}</span>`}</span>
      <input
        type="password"
        autocomplete="off"
        autofocus=${name === (fn !== undefined && isEach ? fn : 'all')}
        value=${keys[name] ?? ''}
        onInput=${(event) => setKeys({ ...keys, [name]: event.target.value })}
      />
    </label>`;
  const submit = (event) => {
    event.preventDefault();
    writeKeys(keys);
    forgetAll();
    location.reload();
  };
  return html`<${Dialog} title="Function keys" onClose=${onClose}>
    <form onSubmit=${submit}>
      <p class="quiet">Kept in this tab until it is closed. Sent to this app only, as a header.</p>
      ${field('all', 'Key', 'for every function')}
      <details open=${isEach} onToggle=${(event) => setEach(event.target.open)}>
        <summary>A key for each function</summary>
        ${isEach && FUNCTIONS.map(([name, what]) => field(name, name, what))}
      </details>
      <footer>
        <button type="button" class="plain" onClick=${() => setKeys({})}>Forget all</button>
        <button type="submit" class="primary">Use</button>
      </footer>
    </form>
  <//>`;
}
