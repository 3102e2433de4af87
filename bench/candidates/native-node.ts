/** sluice on Node, with Node's own `fetch` for upstreams. */
import { nativeFetch } from '../../src/hosts/node/fetch.ts'
import { runtime } from '../../src/hosts/node/runtime.ts'
import { main as run } from '../../src/hosts/server/serve.ts'

export function main(args: readonly string[] = process.argv.slice(2)): Promise<void> {
  return run({ ...runtime, fetch: nativeFetch }, args)
}

if (import.meta.main) void main()
