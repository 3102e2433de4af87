// The page over a server whose model answers as the question says.

import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest'
import type { ChatBody } from '../../support/personas.ts'
import type { Script, Step } from '../../support/script.ts'
import { type Server, startServer } from '../../support/server.ts'
import { type RecordedRequest, startUpstream, type Upstream } from '../../support/upstream.ts'
import { launch } from './browser.ts'
import { openView } from './open-view.ts'
import { builtPage } from './pages.ts'

/** What the model answers to a question that begins with the name. */
export type Answers = Record<string, readonly Step[]>

export interface ChatPage {
  page: Page
  upstream: Upstream
  server: Server
  /** Writes the message and sends it. */
  ask(text: string): Promise<void>
  /** The last answer. */
  answer(): ReturnType<Page['locator']>
  /** The request that the model got last. */
  asked(): RecordedRequest & { body: ChatBody }
}

const MODEL = { id: 'chatty', object: 'model', created: 1, owned_by: 'tests' } as const

/** The event of a delta. */
export function delta(fields: object, finish_reason: string | null = null): Step {
  const choices = [{ index: 0, delta: fields, finish_reason }]
  return { chunk: { id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices } }
}

export function text(content: string): Step {
  return delta({ content })
}

/** The end of an answer. */
export const END: readonly Step[] = [delta({}, 'stop'), { send: 'data: [DONE]\n\n' }]

/** One server and one browser for the file, a fresh page for each test, which must not throw. */
export function useChatPage(answers: Answers): ChatPage {
  let browser: Browser
  let errors: string[] = []
  const used = {} as ChatPage

  beforeAll(async () => {
    await builtPage('released')
    used.upstream = await startUpstream({ models: [MODEL], script: scriptFor })
    used.server = await startServer('bun', ['--upstream', `gpu=${used.upstream.url}`])
    browser = await launch()
  }, 120_000)

  afterAll(async () => {
    await browser?.close()
    await used.server?.kill()
    await used.upstream?.close()
  })

  beforeEach(async () => {
    const opened = await openView(browser, used.server.url, 'chat')
    used.page = opened.page
    errors = opened.errors
    await used.page.locator('.name', { hasText: MODEL.id }).click()
  })

  afterEach(async () => {
    await used.page.context().close()
    expect(errors.filter((error) => !error.includes('Failed to load resource'))).toEqual([])
  })

  function scriptFor({ messages }: ChatBody): Script {
    const all = messages as { role: string; content: unknown }[]
    const asked = all.findLast(({ role }) => role === 'user')
    const question = JSON.stringify(asked?.content ?? '')
    const isResult = all.at(-1)?.role === 'tool'
    const name = Object.keys(answers).find((each) => question.includes(each)) ?? ''
    const steps = answers[isResult ? `${name} result` : name] ?? [text('Yes.'), ...END]
    return { steps: [...steps] }
  }

  used.ask = async (message) => {
    await used.page.getByLabel('Message', { exact: true }).fill(message)
    await used.page.keyboard.press('Enter')
  }
  used.answer = () => used.page.locator('.message.assistant').last()
  used.asked = () => {
    const sent = used.upstream.requests.findLast(({ method }) => method === 'POST')
    return sent as RecordedRequest & { body: ChatBody }
  }
  return used
}
