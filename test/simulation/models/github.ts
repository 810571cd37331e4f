import type { EnvironmentRecord } from '../../../lib/environment/model/record.ts';
import type { BranchSource } from '../../support/fakes/branches.ts';
import { type Stage, drawFor } from '../stage.ts';

export interface GitHub {
  /** Ids never change, names may. */
  repositories: { id: number; fullName: string; formerNames: string[] }[];
  exists(repository: number, ref: string): boolean;
  set(repository: number, ref: string, exists: boolean): void;
  /** Since when the record's branch has existed without a break. */
  livesSince(record: Pick<EnvironmentRecord, 'repository' | 'ref'>): number | undefined;
  /** What it answers: reads lag behind. */
  source: BranchSource;
}

interface Mark {
  at: number;
  exists: boolean;
}

export function createGitHub(stage: Stage): GitHub {
  const branches = new Map<string, Mark[]>();
  const repositories = [
    { id: 42, fullName: 'acme/shop', formerNames: [] as string[] },
    { id: 43, fullName: 'acme/api', formerNames: [] as string[] },
  ];
  const find = ({ id, fullName }: { id?: number; fullName: string }) =>
    repositories.findIndex((one) =>
      id === undefined ? one.fullName === fullName || one.formerNames.includes(fullName) : one.id === id,
    );
  const marksOf = (repository: number, ref: string): Mark[] => branches.get(`${repository}/${ref}`) ?? [];
  const last = (marks: readonly Mark[], at: number): Mark | undefined => marks.findLast((mark) => mark.at <= at);
  return {
    repositories,
    exists: (repository, ref) => marksOf(repository, ref).at(-1)?.exists === true,
    set(repository, ref, exists) {
      branches.set(`${repository}/${ref}`, [...marksOf(repository, ref), { at: stage.now(), exists }]);
    },
    livesSince({ repository, ref }) {
      const mark = marksOf(find(repository), ref).at(-1);
      return mark?.exists === true ? mark.at : undefined;
    },
    source: {
      read(repository, ref) {
        const index = find(repository);
        const seen = repositories[index];
        const lag = Math.floor(drawFor(stage, stage.calls * 5 + 3) * stage.options.lagMs);
        if (last(marksOf(index, ref), stage.now() - lag)?.exists === true) return { ref: 200, exact: true };
        if (seen === undefined) return { ref: 404, repository: { status: 404 } };
        return { ref: 404, repository: { status: 200, id: seen.id, fullName: seen.fullName }, defaultRef: 200 };
      },
      list(repository) {
        const index = find(repository);
        const seen = repositories[index];
        if (seen === undefined) return { kind: 'unknown', why: 'the repository: GitHub answered 404' };
        const lag = Math.floor(drawFor(stage, stage.calls * 5 + 3) * stage.options.lagMs);
        const refs = [...branches.keys()].filter((key) => key.startsWith(`${index}/`)).map((key) => key.slice(2));
        const names = refs.filter((ref) => last(marksOf(index, ref), stage.now() - lag)?.exists === true);
        const { id, fullName } = seen;
        return {
          kind: 'list',
          repository: { id, fullName },
          defaultBranch: 'main',
          names: new Set(['main', ...names]),
        };
      },
    },
  };
}
