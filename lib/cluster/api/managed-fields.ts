const KEY = '"managedFields":[';
const [QUOTE, BACKSLASH, OPEN, CLOSE] = ['"', '\\', '[', ']'].map((char) => char.charCodeAt(0));

/**
 * An answer's JSON with every `managedFields` left empty: much of what an API server sends, and more of what a parser
 * makes of it. The text looked for can't stand inside a string, whose quotes are escaped; a server that writes blanks
 * between key and value is left as it is.
 */
export function withoutManagedFields(text: string): string {
  const kept: string[] = [];
  let from = 0;
  for (let at = text.indexOf(KEY); at >= 0; at = text.indexOf(KEY, from)) {
    const start = at + KEY.length;
    const end = endOfArray(text, start);
    // an answer that is cut off: its parser says so
    if (end === undefined) return text;
    kept.push(text.slice(from, start));
    from = end;
  }
  return kept.join('') + text.slice(from);
}

/** Where the bracket stands that closes the array whose content begins here; undefined where none does. */
function endOfArray(text: string, start: number): number | undefined {
  let depth = 1;
  for (let at = start; at < text.length; at += 1) {
    const char = text.charCodeAt(at);
    if (char === QUOTE) at = endOfString(text, at + 1);
    else if (char === OPEN) depth += 1;
    else if (char === CLOSE && --depth === 0) return at;
  }
  return undefined;
}

function endOfString(text: string, start: number): number {
  for (let at = start; at < text.length; at += 1) {
    const char = text.charCodeAt(at);
    if (char === BACKSLASH) at += 1;
    else if (char === QUOTE) return at;
  }
  return text.length;
}
