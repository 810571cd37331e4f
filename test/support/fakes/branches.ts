import type { BranchAnswer } from '../../../lib/environment/model/desired.ts';
import type { Repository } from '../../../lib/environment/model/request.ts';
import type { BranchList, Branches } from '../../../lib/environment/ports/ports.ts';
import { toProvisionerError } from '../../../lib/errors.ts';
import type { Call } from './call.ts';

/** What GitHub answers when a call arrives. */
export interface BranchSource {
  read(repository: Repository, ref: string): BranchAnswer;
  list(repository: Repository): BranchList;
}

/** GitHub's branches as one caller sees them: a call that fails leaves the answer unknown. */
export function branchesOf(source: BranchSource, { call }: { call: Call }): Branches {
  return {
    async read(repository, ref) {
      try {
        return await call({ what: 'GET ref', on: ref, act: () => source.read(repository, ref) });
      } catch (thrown) {
        const { message } = toProvisionerError(thrown);
        // a token that may not read contents sees 404 everywhere
        return message.endsWith(': 404') ? { ref: 404, repository: { status: 404 } } : { why: message };
      }
    },
    async list(repository) {
      try {
        return await call({ what: 'GET branches', on: repository.fullName, act: () => source.list(repository) });
      } catch (thrown) {
        return { kind: 'unknown', why: toProvisionerError(thrown).message };
      }
    },
  };
}
