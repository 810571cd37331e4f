import { html, render, useEffect, useState } from './vendor/preact.js';
import { findWay } from './api.js';
import { Shell } from './shell.js';
import { useLocation } from './router.js';
import { EnvironmentView } from './views/environment.js';
import { IdentitiesView } from './views/identities.js';
import { ListView } from './views/list.js';
import { SweepView } from './views/sweep.js';

const VIEWS = { identities: IdentitiesView, sweep: SweepView };

function Page() {
  const [isReady, setReady] = useState(false);
  const { segments, query } = useLocation();
  useEffect(() => {
    findWay().then(() => setReady(true));
  }, []);
  const [first, name] = segments;
  if (!isReady) return html`<${Shell} current=${first}><p class="quiet loading">Loading …</p><//>`;
  if (first === 'environments' && name !== undefined) {
    return html`<${Shell} current="environments"><${EnvironmentView} key=${name} name=${name} /><//>`;
  }
  const View = VIEWS[first] ?? ListView;
  return html`<${Shell} current=${first}><${View} query=${query} /><//>`;
}

render(html`<${Page} />`, document.getElementById('page'));
