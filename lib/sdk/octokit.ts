export { createAppAuth } from '@octokit/auth-app';
export { Octokit } from '@octokit/core';
export { retry } from '@octokit/plugin-retry';
export { throttling } from '@octokit/plugin-throttling';
