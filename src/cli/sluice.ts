#!/usr/bin/env node

/** The module of the runtime this runs on. */
function hostName(): string {
  if ('Bun' in globalThis) return 'bun'
  return 'Deno' in globalThis ? 'deno' : 'node'
}

const host = (await import(`../hosts/${hostName()}.ts`)) as {
  main(args: readonly string[]): Promise<void>
}

await host.main(process.argv.slice(2))
