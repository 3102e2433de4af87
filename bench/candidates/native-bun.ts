/** sluice on Bun, with Bun's own `fetch` for upstreams. */
import { nativeFetch } from '../../src/hosts/bun/fetch.ts'
import { runtime } from '../../src/hosts/bun/runtime.ts'
import { main as run } from '../../src/hosts/server/serve.ts'

export function main(args: readonly string[] = process.argv.slice(2)): Promise<void> {
  return run({ ...runtime, fetch: nativeFetch }, args)
}

if (import.meta.main) void main()
