#!/usr/bin/env node

/** The module of the runtime this runs on. */
function hostName() {
  if ('Bun' in globalThis) return 'bun'
  return 'Deno' in globalThis ? 'deno' : 'node'
}

const name = hostName()
if (name === 'bun') {
  // Before the program is loaded, which would otherwise happen twice.
  const { startAgainWithEnvironment } = await import('../hosts/bun/start-environment.ts')
  startAgainWithEnvironment(process.argv.slice(1))
}
await (await import('../hosts/start.ts')).startOn(name)
