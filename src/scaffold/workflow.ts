/** Where GitHub looks for it. */
export const WORKFLOW_PATH = '.github/workflows/registry.yml';

/** The workflow that judges each pull request against its target, and the default branch after each push. */
export const WORKFLOW = `# Nothing is merged whose version was not raised: \`rtn check\` judges each pull request against its target branch.
name: registry
on:
  pull_request:
  push:

permissions:
  contents: read

jobs:
  check:
    # Of the pushes only those to the default branch; the others are judged in their pull request.
    if: github.event_name == 'pull_request' || github.ref_name == github.event.repository.default_branch
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
        with:
          fetch-depth: 0 # the whole history: what was published is looked up in it
      - uses: actions/setup-node@v4
        with:
          node-version: 22
      - run: npm ci
      - if: github.event_name == 'pull_request'
        env:
          BASE: origin/\${{ github.base_ref }}
        run: npx rtn check --base "$BASE"
      - if: github.event_name == 'push'
        run: npx rtn check && npx rtn check --base HEAD # the last commit, against the one before
`;
