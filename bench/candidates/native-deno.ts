/** sluice on Deno, its upstreams asked by Deno's own `fetch`. */
import { runtime } from '../../src/hosts/deno/runtime.ts'
import { main as run } from '../../src/hosts/server/serve.ts'

export function main(): Promise<void> {
  return run({ ...runtime, fetch }, process.argv.slice(2))
}
