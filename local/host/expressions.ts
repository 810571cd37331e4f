/** Puts settings in place of `%NAME%` in a binding's value, as the host does; throws when one is not set. */
export function resolveExpressions(text: string, settings: NodeJS.ProcessEnv): string {
  return text.replace(/%([^%]+)%/g, (_whole, name: string) => {
    const value = settings[name];
    if (value === undefined || value === '') throw new Error(`'%${name}%' does not resolve to a value.`);
    return value;
  });
}
