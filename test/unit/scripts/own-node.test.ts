// `npm run start:node` runs on the Node that runs npm, where that is new enough.

import { expect, it } from 'vitest'
import { ownNodeDoes } from '../../../scripts/hosts.mjs'

it.each([
  [{ node: '24.0.0' }, true],
  [{ node: '26.1.0' }, true],
  [{ node: '22.21.0' }, false],
  // They name the version of Node that they are compatible with.
  [{ node: '24.3.0', bun: '1.3.14' }, false],
  [{ node: '24.2.0', deno: '2.8.0' }, false],
])('%j: %s', (versions, does) => {
  expect(ownNodeDoes(versions as NodeJS.ProcessVersions)).toBe(does)
})
