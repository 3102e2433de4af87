import { afterAll, beforeAll, beforeEach } from 'vitest'
import type { ProcessHost } from '../support/hosts.ts'
import type { Script, Step } from '../support/script.ts'
import { openTerminal, startIn, type Terminal, type TerminalOptions } from '../support/terminal.ts'
import { startUpstream, type Upstream } from '../support/upstream.ts'

export const hosts: ProcessHost[] = ['bun', 'deno', 'node']

/** Where `sluice top` is run; `npm run test:all` runs it everywhere. */
export const topHosts = process.env.SLUICE_TEST_HOSTS === 'whole' ? hosts : hosts.slice(0, 1)

/** The chat in a terminal, before a scripted upstream, for all tests of a describe block. */
export function useChat(host: ProcessHost) {
  let upstream: Upstream | undefined
  const started = () => {
    if (upstream === undefined) throw new Error('The upstream is not started yet.')
    return upstream
  }
  beforeAll(async () => {
    upstream = await startUpstream({ persona: 'ollama' })
  })
  afterAll(() => upstream?.close())
  beforeEach(() => {
    started().script = { persona: 'ollama', words: ['So', 'be', 'it.'] }
    started().requests.length = 0
  })
  return {
    get upstream() {
      return started()
    },
    async open(args: string[] = [], options: TerminalOptions = {}): Promise<Terminal> {
      const terminal = await openTerminal(options)
      startIn(terminal, host, ['chat', started().url, ...args])
      await terminal.until(/^>$/m)
      return terminal
    },
    /** The messages of the last chat request. */
    asked(): unknown {
      const last = started().requests.findLast(({ path }) => path.endsWith('/chat/completions'))
      return (last?.body as { messages?: unknown } | undefined)?.messages
    },
  }
}

/** What `stty -g` prints. */
export const STTY = /^(\w+:){9,}\w+$/m

export const endless: Script = {
  steps: [
    {
      chunk: chunk([
        { index: 0, delta: { role: 'assistant', content: 'On' }, finish_reason: null },
      ]),
    },
    { repeat: 10_000, steps: [delta(' and on'), { wait: 20 }] },
  ],
}

export function script(steps: Step[], done = true): Script {
  return { steps: done ? [...steps, { send: 'data: [DONE]\n\n' }] : steps }
}

export function delta(content: string): Step {
  return { chunk: chunk([{ index: 0, delta: { content }, finish_reason: null }]) }
}

export function finish(finish_reason: string): Step {
  return { chunk: chunk([{ index: 0, delta: {}, finish_reason }]) }
}

export function chunk(choices: object[]) {
  return { id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices }
}
