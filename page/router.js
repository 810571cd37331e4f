import { html, useEffect, useState } from './vendor/preact.js';

/* Addresses: /api/ui/, /api/ui/environments/NAME, /api/ui/identities, /api/ui/sweep; filters in the query. */

const ROOT = '/api/ui';
const CHANGED = 'page:navigated';

export function toPath(...segments) {
  return [ROOT, ...segments.map(encodeURIComponent)].join('/') + (segments.length === 0 ? '/' : '');
}

/** Where the address bar stands, split at slashes, with the query. */
export function useLocation() {
  const [, redraw] = useState(0);
  useEffect(() => {
    const onChange = () => redraw((count) => count + 1);
    window.addEventListener('popstate', onChange);
    window.addEventListener(CHANGED, onChange);
    return () => {
      window.removeEventListener('popstate', onChange);
      window.removeEventListener(CHANGED, onChange);
    };
  }, []);
  const segments = location.pathname.slice(ROOT.length).split('/').filter(Boolean).map(decode);
  return { segments, query: new URLSearchParams(location.search) };
}

export function navigate(path) {
  history.pushState(null, '', path);
  window.dispatchEvent(new Event(CHANGED));
  window.scrollTo(0, 0);
}

/** Changes a part of the query in place: a filter is no step back. */
export function setQuery(changes) {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined || value === '') query.delete(name);
    else query.set(name, value);
  }
  const text = query.toString();
  history.replaceState(history.state, '', location.pathname + (text && `?${text}`));
  window.dispatchEvent(new Event(CHANGED));
}

/** A link within the page; with a modifier it stays the browser's. */
export function Link({ to, children, ...rest }) {
  const onClick = (event) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    navigate(to);
  };
  return html`<a href=${to} onClick=${onClick} ...${rest}>${children}</a>`;
}

function decode(segment) {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
