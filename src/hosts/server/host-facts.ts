/** What only a host knows of the machine, for `sluice doctor`. */
import type { HostFacts } from '../../cli/tools/tool.ts'
import { isCheckout, moduleUrl } from '../location.ts'
import { pageFiles } from './files.ts'
import type { Runtime } from './runtime.ts'

export function hostFacts({ place, build, files }: Runtime, env: HostFacts['env']): HostFacts {
  return {
    ...{ place, env, build, isCheckout },
    location: moduleUrl('version').href,
    hasPage: async () => (await (files ?? pageFiles())('index.html')) !== undefined,
    async openStore({ state = '', stateCa }, signal) {
      const { openStoreOnce } = await import('./open-store-once.ts')
      return openStoreOnce(state, stateCa, signal)
    },
  }
}
