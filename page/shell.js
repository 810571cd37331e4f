import { html, useEffect, useState } from './vendor/preact.js';
import { way } from './api.js';
import { keyFor } from './keys.js';
import { KeysDialog } from './dialogs/keys.js';
import { Icon, Note } from './parts.js';
import { Link, toPath } from './router.js';

const PLACES = [
  ['Environments', undefined],
  ['Identities', 'identities'],
  ['Sweep', 'sweep'],
];

/** Lets any view ask for the keys dialog. */
const ASKED = 'page:keys';
export function askForKeys(fn) {
  window.dispatchEvent(new CustomEvent(ASKED, { detail: fn }));
}

/** What stands around every view: the way about, who one is, and what is wrong with the app itself. */
export function Shell({ current, children }) {
  const [dialog, setDialog] = useState(undefined);
  useEffect(() => {
    const onAsk = (event) => setDialog({ fn: event.detail });
    window.addEventListener(ASKED, onAsk);
    return () => window.removeEventListener(ASKED, onAsk);
  }, []);
  const place = current === 'environments' ? undefined : current;
  return html`
    <a class="skip" href="#content">Skip to content</a>
    <header class="top">
      <div class="bar">
        <${Link} to=${toPath()} class="brand" aria-label="Feature branches, all environments">
          <${Mark} />Feature branches
        <//>
        <nav aria-label="Page">
          ${PLACES.map(
            ([label, segment]) =>
              html`<${Link}
                to=${segment ? toPath(segment) : toPath()}
                aria-current=${segment === place ? 'page' : undefined}
                >${label}<//
              >`,
          )}
        </nav>
        <div class="who">
          ${
            way.kind === 'entra'
              ? html`<span title=${way.role ?? ''}>${way.name ?? ''}</span>`
              : way.kind === 'keys' &&
                html`<button type="button" class="plain" onClick=${() => setDialog({})}>Keys</button>`
          }
        </div>
      </div>
    </header>
    <main id="content" tabindex="-1">${children}</main>
    ${dialog && html`<${KeysDialog} fn=${dialog.fn} onClose=${() => setDialog(undefined)} />`}
  `;
}

function Mark() {
  return html`<svg class="mark" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
    <circle cx="4" cy="3.5" r="1.9" />
    <circle cx="4" cy="12.5" r="1.9" />
    <circle cx="12" cy="5.5" r="1.9" />
    <path d="M4 5.4v5.2M12 7.4c0 2.6-3.4 2.4-7 3.6" />
  </svg>`;
}

/** Why there is no newer answer, and what to do about it. */
export function Problem({ problem, fn, at }) {
  if (problem === undefined) return null;
  if (problem.kind === 'denied' && way.kind === 'entra') return html`<${SignIn} problem=${problem} />`;
  if (problem.kind === 'denied') {
    return html`<div class="empty">
      <${Icon} icon="bar" tone="bad" />
      <h2>${problem.status === 403 ? 'This key may not see this' : 'A function key is needed'}</h2>
      <p>
        ${keyFor(fn) ? html`This tab’s key does not open <code>${fn}</code>.` : html`It opens <code>${fn}</code>.`} In
        Azure: the function app, Functions, ${fn}, Function keys.
      </p>
      <button type="button" class="primary" onClick=${() => askForKeys(fn)}>Paste a key</button>
    </div>`;
  }
  const since = at === undefined ? undefined : new Date(at).toLocaleTimeString(undefined, { hour12: false });
  return html`<${Note} tone="bad" title="The app does not answer">
    <p>
      ${problem.status ? `It answered ${problem.status}: ${problem.message}.` : ''}
      ${' '}${since ? `Shown is what it said at ${since}.` : ''} This page keeps trying.
    </p>
  <//>`;
}

function SignIn({ problem }) {
  if (problem.code === 'not-signed-in' || problem.status === 401) {
    const back = encodeURIComponent(location.pathname + location.search);
    return html`<div class="empty">
      <${Icon} icon="bar" tone="warn" />
      <h2>Sign in to see environments</h2>
      <a class="button primary" href=${`/.auth/login/aad?post_login_redirect_uri=${back}`}>Sign in with Microsoft</a>
    </div>`;
  }
  return html`<div class="empty">
    <${Icon} icon="bar" tone="bad" />
    <h2>You have no role in this app</h2>
    <p>${problem.message} Ask an administrator for the app role Reader, or Operator to act.</p>
  </div>`;
}
