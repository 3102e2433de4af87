import type { HostFacts } from '../../src/cli/tools/tool.ts'

/** A host of which a tool asks nothing. */
export const noHost: HostFacts = {
  ...{ place: 'node', env: {}, location: 'file:///version.js', isCheckout: true },
  hasPage: async () => false,
  openStore: () => Promise.reject(new Error('there is no store')),
}
