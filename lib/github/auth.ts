/** Who we are to GitHub. A personal token is one way; an app's installation token, which ends hourly, another. */
export interface GitHubAuth {
  /** A token that is good for the next call. */
  token(): Promise<string>;
}

/** Always the same token. */
export function tokenAuth(token: string): GitHubAuth {
  return { token: async () => token };
}
