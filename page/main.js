import { html, render, useEffect, useState } from './vendor/preact.js';
import { findWay } from './api.js';
import { Loading } from './parts.js';
import { Problem, Shell } from './shell.js';
import { useLocation } from './router.js';
import { EnvironmentView } from './views/environment.js';
import { IdentitiesView } from './views/identities.js';
import { ListView } from './views/list.js';
import { SweepView } from './views/sweep.js';

const VIEWS = { identities: IdentitiesView, sweep: SweepView };

function Page() {
  const [isReady, setReady] = useState(false);
  const [problem, setProblem] = useState(undefined);
  const { segments, query } = useLocation();
  useEffect(() => {
    findWay(setProblem).then(() => setReady(true));
  }, []);
  const [first, name] = segments;
  if (!isReady) {
    return html`<${Shell} current=${first}
      >${problem ? html`<${Problem} problem=${problem} />` : html`<${Loading} />`}<//
    >`;
  }
  if (first === 'environments' && name !== undefined) {
    return html`<${Shell} current="environments"><${EnvironmentView} key=${name} name=${name} /><//>`;
  }
  const View = VIEWS[first] ?? ListView;
  return html`<${Shell} current=${first}><${View} query=${query} /><//>`;
}

render(html`<${Page} />`, document.getElementById('page'));
