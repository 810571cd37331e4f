import { branchDelivery, deliver, ask, makeForeignNamespace } from './actions.ts';
import { MISSING_TAG } from './cluster.ts';
import type { Stage } from './stage.ts';

const READY: [string, string][] = [
  ['login-passkeys', 'octocat'],
  ['invoice-pdf', 'mona'],
  ['Feature/Login', 'reviewer'],
  ['spring-sale', 'designer'],
];

/** Branches of several people in several phases, for who looks at the page. */
export async function fillWithLife(stage: Stage): Promise<void> {
  await makeForeignNamespace(stage, 'feature-old-shop');
  const pushes = [...READY, ['old-shop', 'tester'] as [string, string]];
  for (const [ref, login] of pushes) {
    await deliver(stage, branchDelivery(stage, { event: 'create', ref, edit: (payload) => signAs(payload, login) }));
  }
  await ask(stage, 'provision', { branch: 'checkout-rework', imageTag: MISSING_TAG });
}

function signAs(payload: Record<string, unknown>, login: string): void {
  payload['sender'] = { login };
}
