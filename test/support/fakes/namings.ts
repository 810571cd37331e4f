/** How environments of each owner were named, as the blob beside the records holds it. */
export interface ModelNamings {
  areNamed(owners: readonly string[], way: string): boolean;
  note(owners: readonly string[], ways: readonly string[]): void;
  clear(): void;
}

export function modelNamings(): ModelNamings {
  const namings = new Map<string, Set<string>>();
  return {
    areNamed: (owners, way) =>
      owners.every((owner) => namings.get(owner)?.size === 1 && namings.get(owner)?.has(way) === true),
    note(owners, ways) {
      for (const owner of owners) namings.set(owner, new Set([...(namings.get(owner) ?? []), ...ways]));
    },
    clear: () => namings.clear(),
  };
}
