import { html, useEffect, useState } from '../vendor/preact.js';
import { Dialog } from '../parts.js';
import { ChangeList } from '../views/parts/changes.js';
import { Curl, Refusal, useAction } from './act.js';

/** Deletes an environment: says what would go, and wants its name typed. */
export function DeprovisionDialog({ environment, onClose, onDone }) {
  const [typed, setTyped] = useState('');
  const plan = useAction('deprovision', 'deprovision');
  const { answer, act } = useAction('deprovision', 'deprovision');
  const body = { branch: environment.ref, repository: environment.repository.fullName };
  useEffect(() => {
    plan.act({ ...body, dryRun: true });
  }, []);
  const isSame = typed === environment.name;
  const submit = async (event) => {
    event.preventDefault();
    if (!isSame) return;
    const given = await act(body);
    if (given.kind === 'ok') onDone();
  };
  return html`<${Dialog} title=${`Deprovision ${environment.ref}`} onClose=${onClose}>
    <form onSubmit=${submit}>
      <p>Its namespace goes with everything in it, databases included. The branch stays.</p>
      <div class="plan" aria-live="polite">
        ${plan.answer.kind === 'busy' && html`<p class="quiet">Asking what would go …</p>`}
        ${plan.answer.kind === 'ok' && html`<${ChangeList} changes=${plan.answer.body.changes} />`}
        <${Refusal} answer=${plan.answer} fn="deprovision" />
      </div>
      <label class="field">
        <span>Type <code>${environment.name}</code> to go on</span>
        <input
          class="mono"
          autofocus
          value=${typed}
          onInput=${(event) => setTyped(event.target.value)}
          autocomplete="off"
          spellcheck=${false}
        />
      </label>
      <${Refusal} answer=${answer} fn="deprovision" />
      <footer>
        <${Curl} path="deprovision" body=${body} />
        <button type="submit" class="danger" disabled=${!isSame || answer.kind === 'busy'}>Deprovision</button>
      </footer>
    </form>
  <//>`;
}
