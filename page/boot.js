/* Runs before the modules: says so where they are slow to come, and loads the page again where one did not come. */

const SLOW_MS = 6_000;
const FIRST_MS = 2_000;
const LONGEST_MS = 60_000;

const say = (text) => {
  const place = document.getElementById('boot');
  if (place !== null) place.textContent = text;
};

const slow = setTimeout(() => say('Still loading: the network is slow.'), SLOW_MS);

// what did not arrive is told to its own element alone, which only a listener that captures hears
addEventListener(
  'error',
  ({ target }) => {
    if (!(target instanceof HTMLScriptElement)) return;
    clearTimeout(slow);
    say('A part of this page did not arrive. It is loaded again as soon as the app answers.');
    again(FIRST_MS);
  },
  true,
);

/** Asks first: a reload without an answer would put the browser's own error page in place of this one. */
function again(ms) {
  setTimeout(
    () =>
      fetch(location.href, { cache: 'no-store' }).then(
        () => location.reload(),
        () => again(Math.min(ms * 2, LONGEST_MS)),
      ),
    ms,
  );
}
