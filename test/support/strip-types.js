import { stripTypeScriptTypes } from 'node:module';
// jest loads this file in each of its workers, outside of the tests
import './report-open.js';

/** Blanks the types out of a file, as Node itself does, so line numbers stay and no compiler runs. */
export default {
  process(source) {
    return { code: stripTypeScriptTypes(source, { mode: 'strip' }) };
  },
  getCacheKey(source, path) {
    return `${process.version}:${path}:${hash(source)}`;
  },
};

function hash(text) {
  let value = 5381n;
  for (let i = 0; i < text.length; i++) value = (value * 33n + BigInt(text.charCodeAt(i))) & 0xffffffffffffffffn;
  return value.toString(36);
}
