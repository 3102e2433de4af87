/** `sluice top` with a fault: it throws while the screen is drawn, which nothing that a server sends can do. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { FeedClient } from '../../src/cli/top/feed.ts'
import { paintFor } from '../../src/cli/top/paint.ts'
import { runOnTerminal } from '../../src/cli/top/terminal.ts'
import { processTerminal } from '../../src/hosts/server/terminal.ts'
import { noHost } from './host-facts.ts'

export async function main(): Promise<void> {
  const client = { name: 'faulty', follow: () => sleep(60_000) } as unknown as FeedClient
  const { out, err } = processTerminal
  const never = () => Promise.reject(new Error('It asks nobody.'))
  const signal = new AbortController().signal
  const context = { runtime: 'test', fetch: never, out, err, host: noHost, signal, serve: never }
  const selection = { sort: 'age', filter: '', failuresOnly: false } as const
  setTimeout(() => {
    throw new Error('broken on purpose')
  }, 800)
  await runOnTerminal({
    client,
    paint: paintFor(false),
    selection: { ...selection },
    context,
  }).catch((error: Error) => {
    process.stderr.write(`caught: ${error.message}\n`)
    process.exit(1)
  })
}
