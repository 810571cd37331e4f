import { badRequest } from './api-errors.ts';

type Labels = Record<string, string>;

/** A label selector: `a=b`, `a!=b`, `a in (b,c)`, `a notin (b)`, `a`, `!a`, joined by commas. */
export function parseSelector(text: string): (labels: Labels) => boolean {
  const requirements = text
    .split(/,(?![^(]*\))/)
    .filter(Boolean)
    .map(parseRequirement);
  return (labels) => requirements.every((holds) => holds(labels));
}

function parseRequirement(text: string): (labels: Labels) => boolean {
  const [, not, exists] = /^\s*(!?)\s*([\w./-]+)\s*$/.exec(text) ?? [];
  if (exists) return (labels) => exists in labels === !not;
  const [, key = '', sign, value = ''] = /^\s*([\w./-]+)\s*(==|=|!=)\s*([\w.-]*)\s*$/.exec(text) ?? [];
  if (sign) return (labels) => (labels[key] === value) === (sign !== '!=');
  const [, setKey = '', verb, list = ''] = /^\s*([\w./-]+)\s+(in|notin)\s+\(([^)]*)\)\s*$/.exec(text) ?? [];
  if (!verb) throw badRequest(`unable to parse requirement: ${text}`);
  const values = list.split(',').map((item) => item.trim());
  return (labels) => values.includes(labels[setKey] ?? '\0') === (verb === 'in');
}
