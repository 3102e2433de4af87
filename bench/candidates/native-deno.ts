/** sluice on Deno, with Deno's own `fetch` for upstreams. */
import { nativeFetch } from '../../src/hosts/deno/fetch.ts'
import { runtime } from '../../src/hosts/deno/runtime.ts'
import { main as run } from '../../src/hosts/server/serve.ts'

export function main(args: readonly string[] = Deno.args): Promise<void> {
  return run({ ...runtime, fetch: nativeFetch }, args)
}

if (import.meta.main) void main()
