import { setFlagsFromString } from 'node:v8'
import type { Runtime } from '../server/runtime.ts'

/**
 * The runtime, whose V8 keeps the space for new objects as large as it is once the server listens: some MiB.
 * It would grow to 64 MiB while streams are opened, and garbage would lie in it until it is full: a
 * thousand open streams took twice the memory, and were no faster. `--max-semi-space-size`, which Deno gets,
 * has no effect in a process that runs. Only for a process that is sluice's own, as it holds for all code in it.
 */
export function withSmallNewSpace(runtime: Runtime): Runtime {
  return {
    ...runtime,
    async listen(options) {
      const server = await runtime.listen(options)
      setFlagsFromString('--semi-space-growth-factor=1')
      return server
    },
  }
}
