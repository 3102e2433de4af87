import { afterAll, beforeAll, beforeEach } from 'vitest'
import type { ProcessHost } from '../support/hosts.ts'
import { type Server, startServer } from '../support/server.ts'
import { openTerminal, startIn, type Terminal, type TerminalOptions } from '../support/terminal.ts'
import { startUpstream, type Upstream } from '../support/upstream.ts'

/** The title of the table, as every width has it. */
export const TITLES = /^ {2}STATE +MODEL/m

/** A sluice before a scripted upstream, and `sluice top` in a terminal, for all tests of a describe block. */
export function useTop(host: ProcessHost, flags: string[] = []) {
  let upstream: Upstream | undefined
  let server: Server | undefined
  const known = <T>(value: T | undefined): T => {
    if (value === undefined) throw new Error('The server is not started yet.')
    return value
  }
  beforeAll(async () => {
    upstream = await startUpstream({ persona: 'ollama' })
    server = await startServer(host, ['--upstream', `up=${upstream.url}`, ...flags])
  })
  afterAll(async () => {
    await server?.kill()
    await upstream?.close()
  })
  beforeEach(() => {
    known(upstream).requests.length = 0
  })
  return {
    get upstream() {
      return known(upstream)
    },
    get server() {
      return known(server)
    },
    async open(args: string[] = [], options: TerminalOptions = {}): Promise<Terminal> {
      const terminal = await openTerminal({ columns: 120, ...options })
      startIn(terminal, host, ['top', known(server).url, ...args])
      await terminal.until(TITLES)
      return terminal
    },
    /** Asks for a stream; resolves with its text at its end. */
    ask: (more: object = {}, agent = 'tester/1') => ask(known(server).base, more, agent),
  }
}

export async function ask(base: string, more: object, agent = 'tester/1'): Promise<string> {
  const messages = [{ role: 'user', content: 'Go on.' }]
  const response = await fetch(`${base}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'user-agent': agent },
    body: JSON.stringify({ model: 'llama3.2:latest', stream: true, messages, ...more }),
  })
  return response.text()
}
