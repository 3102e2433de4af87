// The states of the page that pictures are taken of.

import type { Page } from 'playwright-core'
import { MARKDOWN } from './answers.ts'

export interface Scene {
  url: string
  activityUrl: string
  /** The servers of the view Share. */
  share: { open: string; keyed: string } | undefined
}

export interface State {
  name: string
  /** What follows `#` in the address: `chat` by default. */
  hash?: string
  /** Shown by the server with a fixed list of requests. */
  isOfActivity?: boolean
  /** Shown by a server of the view Share. */
  at?: 'open' | 'keyed'
  /** Runs in the page before its own scripts. */
  init?(): void
  /** What the browser has stored. */
  conversations?: Record<string, string>
  prepare?(page: Page): Promise<void>
  /** After each change of the width. */
  atWidth?(page: Page): Promise<void>
}

const STATS = { first: 212, tokens: 318, rate: 41.7 }
const finished = { role: 'assistant', outcome: 'finished', stats: STATS }
const asks = (content: string) => ({ role: 'user', content })

function stored(...messages: object[]): Record<string, string> {
  return { 'sluice.conversations': JSON.stringify([{ id: 'shown', messages }]) }
}

const REASONING =
  'The user asks for the weather in two cities. There is a tool for that, so I call it once for each of them and compare.'

const calls = [
  { id: 'call_1', name: 'get_weather', arguments: '{"city":"Oslo","days":3,"units":["C","m/s"]}' },
  { id: 'call_2', name: 'get_weather', arguments: '{"city":"Rome","days":3}' },
]

const weather = [
  asks('Is it warmer in Oslo or in Rome?'),
  { ...finished, content: '', reasoning: REASONING, thought: 12_400, calls },
]

const broken = {
  ...finished,
  content: 'The first law says that energy is neither created nor destroyed. The second',
  outcome: 'failed',
  error: 'workstation: the server closed the connection in the middle of the answer.',
  code: 'upstream_truncated',
}

const refused = {
  role: 'assistant',
  content: '',
  outcome: 'failed',
  error: 'This model does not support image input.',
  code: 'invalid_value',
}

/** A picture with something on it, as a `data:` URL. */
function drawn(): string {
  const canvas = document.createElement('canvas')
  canvas.width = 480
  canvas.height = 320
  const context = canvas.getContext('2d') as CanvasRenderingContext2D
  context.fillStyle = '#0b5fa5'
  context.fillRect(0, 0, 480, 320)
  context.fillStyle = '#f0b355'
  context.arc(240, 160, 90, 0, 7)
  context.fill()
  return canvas.toDataURL('image/png')
}

async function attach(page: Page): Promise<void> {
  const url = await page.evaluate(drawn)
  const buffer = Buffer.from(url.slice(url.indexOf(',') + 1), 'base64')
  await page
    .getByLabel('Images to attach')
    .setInputFiles({ name: 'sunset.png', mimeType: 'image/png', buffer })
  await page.getByLabel('Attached images').waitFor()
}

async function send(page: Page, text: string): Promise<void> {
  await page.getByLabel('Message', { exact: true }).fill(text)
  // A key waits for nothing, as a click does.
  await page.getByRole('button', { name: 'Send', disabled: false }).waitFor()
  await page.getByLabel('Message', { exact: true }).press('Enter')
}

const settled = (page: Page) => page.getByText('finished').last().waitFor()

/** The bottom of the conversation is shown first. */
const toTop = (page: Page) =>
  page.locator('.messages').evaluate((list) => list.scrollTo({ top: 0 }))

export const states: State[] = [
  { name: 'chat-empty' },
  {
    name: 'chat-no-model',
    prepare: async (page) => {
      await page.route('**/v1/models', (route) => route.fulfill({ json: { data: [] } }))
      await page.reload()
      await page.getByText('Choose a model to begin.').waitFor()
    },
  },
  {
    name: 'chat-markdown',
    conversations: stored(asks('How do I read server-sent events?'), {
      ...finished,
      content: MARKDOWN,
    }),
    prepare: async (page) => {
      await page.locator('.shj-kwd').first().waitFor()
    },
    atWidth: toTop,
  },
  {
    name: 'chat-markdown-end',
    conversations: stored(asks('How do I read server-sent events?'), {
      ...finished,
      content: MARKDOWN,
    }),
    prepare: async (page) => {
      await page.locator('.shj-kwd').first().waitFor()
    },
  },
  {
    name: 'chat-streamed',
    prepare: async (page) => {
      await send(page, 'What is a stream?')
      await settled(page)
      const judged = page.getByText('This stream breaks no rule.').or(page.locator('.rules'))
      await judged.waitFor({ state: 'attached' })
    },
  },
  {
    name: 'chat-live',
    prepare: async (page) => {
      await send(page, 'Write a long answer')
      await page.locator('.shj-kwd').first().waitFor()
    },
  },
  {
    name: 'chat-waiting',
    prepare: async (page) => {
      await send(page, 'Wait for it')
      await page.getByText('waiting for the first token').first().waitFor()
    },
  },
  {
    name: 'chat-thinking',
    prepare: async (page) => {
      await send(page, 'Which is larger, 9.11 or 9.9?')
      await page.locator('.glimpse').waitFor()
    },
  },
  {
    name: 'chat-reasoning',
    conversations: stored(...weather.slice(0, 1), {
      ...finished,
      content: 'It is warmer in Rome.',
      reasoning: REASONING,
      thought: 12_400,
    }),
    prepare: (page) => page.getByText('Thought for 12 s').click(),
  },
  { name: 'chat-calls', conversations: stored(...weather) },
  {
    name: 'chat-results',
    conversations: stored(
      ...weather,
      { role: 'tool', callId: 'call_1', content: '{"now": 4, "wind": 7}' },
      { role: 'tool', callId: 'call_2', content: '{"now": 19, "wind": 2}' },
      { ...finished, content: 'It is warmer in **Rome**: 19 °C, against 4 °C in Oslo.' },
    ),
  },
  {
    name: 'chat-images',
    prepare: async (page) => {
      await attach(page)
      await send(page, 'What is in this picture?')
      await settled(page)
      await attach(page)
      await page.getByLabel('Images to attach').setInputFiles({
        name: 'notes.pdf',
        mimeType: 'application/pdf',
        buffer: Buffer.from('x'),
      })
      await page.getByText('expected an image').waitFor()
    },
  },
  { name: 'chat-broken', conversations: stored(asks('Explain thermodynamics.'), broken) },
  { name: 'chat-refused', conversations: stored(asks('What is in this picture?'), refused) },
  {
    name: 'chat-edit',
    conversations: stored(asks('Explain thermodynamics.'), { ...finished, content: 'It is heat.' }),
    prepare: (page) => page.getByRole('button', { name: 'Edit' }).click(),
  },
  {
    name: 'chat-export',
    conversations: stored(asks('Explain thermodynamics.'), { ...finished, content: 'It is heat.' }),
    prepare: (page) => page.getByText('Export').click(),
  },
  {
    name: 'chat-settings',
    prepare: async (page) => {
      await page.getByRole('button', { name: 'Settings' }).click()
      await page.getByLabel('System prompt').fill('Answer in one sentence.')
      await page.getByLabel('Temperature').fill('warm')
      await page.getByLabel('Tools that the model may ask for').fill('[{"name": ]')
    },
  },
  ...(['Models', 'Stream'] as const).map(
    (name): State => ({
      name: `chat-column-${name.toLowerCase()}`,
      prepare: async (page) => {
        await send(page, 'What is a stream?')
        await settled(page)
        const tab = page.getByRole('navigation', { name: 'Columns' }).getByText(name)
        if (await tab.isVisible()) await tab.click()
      },
    }),
  ),
  { name: 'activity', hash: 'activity', isOfActivity: true },
  {
    name: 'activity-request',
    hash: 'activity/streaming',
    isOfActivity: true,
    prepare: (page) => page.getByText('get_weather').first().waitFor(),
  },
  { name: 'activity-empty', hash: 'activity' },
  ...['start', 'connect', 'engines', 'keys', 'captures'].map((hash) => ({ name: hash, hash })),
]
