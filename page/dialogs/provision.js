import { html, useState } from '../vendor/preact.js';
import { Dialog } from '../parts.js';
import { navigate, toPath } from '../router.js';
import { Curl, Refusal, useAction } from './act.js';

/** Provisions a branch by hand, or one again, with an image tag. */
export function ProvisionDialog({ environment, repositories, onClose, onDone }) {
  const [branch, setBranch] = useState(environment?.ref ?? '');
  const [repository, setRepository] = useState(
    environment?.repository.fullName ?? (repositories.length > 1 ? repositories[0] : ''),
  );
  const [imageTag, setTag] = useState(environment?.imageTag ?? '');
  const [adopt, setAdopt] = useState(false);
  const { answer, act } = useAction('provision', 'provision');
  const body = {
    branch,
    ...(repository && { repository }),
    ...(imageTag.trim() && { imageTag: imageTag.trim() }),
    ...(adopt && { adopt }),
  };
  const submit = async (event) => {
    event.preventDefault();
    const given = await act(body);
    if (given.kind !== 'ok') return;
    onDone();
    onClose();
    if (environment === undefined) navigate(toPath('environments', given.body.environment));
  };
  return html`<${Dialog} title=${environment ? 'Provision again' : 'Provision a branch'} onClose=${onClose}>
    <form onSubmit=${submit}>
      ${
        environment
          ? html`<p class="quiet">
              Applies the overlays to <strong>${environment.ref}</strong>; what is as it should be stays untouched.
            </p>`
          : html`<label class="field">
              <span>Branch</span>
              <input
                required
                autofocus
                value=${branch}
                onInput=${(event) => setBranch(event.target.value)}
                spellcheck=${false}
              />
            </label>`
      }
      ${
        !environment &&
        repositories.length > 1 &&
        html`<label class="field">
          <span>Repository</span>
          <select value=${repository} onChange=${(event) => setRepository(event.target.value)}>
            ${repositories.map((name) => html`<option value=${name}>${name}</option>`)}
          </select>
        </label>`
      }
      <label class="field">
        <span>Image tag <span class="quiet">empty: as it is</span></span>
        <input
          class="mono"
          autofocus=${environment !== undefined}
          value=${imageTag}
          onInput=${(event) => setTag(event.target.value)}
          spellcheck=${false}
        />
      </label>
      ${
        environment?.refused?.guard === 'owner' &&
        html`<label class="check">
          <input type="checkbox" checked=${adopt} onChange=${(event) => setAdopt(event.target.checked)} />
          <span>
            Adopt <code>${environment.namespace}</code>
            <span class="quiet block">
              Only where its record was lost, and after you checked what it holds. It must still carry our labels and
              this branch; a later deprovision deletes it with everything in it.
            </span>
          </span>
        </label>`
      }
      <${Refusal} answer=${answer} fn="provision" />
      <footer>
        <${Curl} path="provision" body=${body} />
        <button type="submit" class="primary" disabled=${answer.kind === 'busy'}>
          ${answer.kind === 'busy' ? 'Asking …' : 'Provision'}
        </button>
      </footer>
    </form>
  <//>`;
}
