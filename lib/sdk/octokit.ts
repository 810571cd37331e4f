export { Octokit } from '@octokit/core';
