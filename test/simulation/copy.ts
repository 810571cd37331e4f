/** A copy of plain data, several times quicker than structuredClone. */
export function copy<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((one: unknown) => copy(one)) as T;
  const made: Record<string, unknown> = {};
  for (const key in value) {
    const field = (value as Record<string, unknown>)[key];
    // JSON drops them too
    if (field !== undefined) made[key] = copy(field);
  }
  return made as T;
}
