// Chats in a real browser with a model whose answers are hostile, and what became of them.

import type { Browser, BrowserContext, Page } from 'playwright-core'
import { expect } from 'vitest'
import { hostileAnswers } from './hostile-answers.ts'
import type { HostileServer } from './hostile-server.ts'

/** What went wrong, by a name of each. */
interface Seen {
  left: string[]
  dialogs: number
  popups: number
}

export interface HostileChat {
  page: Page
  context: BrowserContext
  seen: Seen
}

export async function openHostileChat(
  browser: Browser,
  url: string,
  options: { bypassCSP?: boolean } = {},
): Promise<HostileChat> {
  const context = await browser.newContext(options)
  const page = await context.newPage()
  const seen: Seen = { left: [], dialogs: 0, popups: 0 }
  await page.addInitScript(() => {
    const own = globalThis as unknown as { violations: string[] }
    own.violations = []
    addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => {
      own.violations.push(`${violatedDirective} ${blockedURI}`)
    })
  })
  await page.goto(`${url}#chat`)
  page.on('framenavigated', (frame) => seen.left.push(frame.url()))
  page.on('dialog', () => seen.dialogs++)
  context.on('page', () => seen.popups++)
  await page.locator('.name', { hasText: 'hostile' }).click()
  return { page, context, seen }
}

export async function ask(page: Page, question: string): Promise<void> {
  const answers = page.locator('.message.assistant')
  const before = await answers.count()
  await page.getByLabel('Message', { exact: true }).fill(question)
  await page.keyboard.press('Enter')
  await answers.nth(before).waitFor()
  await page.getByRole('button', { name: 'Send' }).waitFor()
}

/** So many answers stand in a conversation: what a token costs grows with the text before it. */
const TOGETHER = 8

/** Asks for the answers with these numbers, gives what they load time to load, and judges each conversation. */
export async function askAll(
  page: Page,
  numbers: readonly number[],
  judge: () => Promise<void> = async () => {},
): Promise<void> {
  for (const [index, number] of numbers.entries()) {
    if (index > 0 && index % TOGETHER === 0) {
      await page.waitForTimeout(250)
      await judge()
      // Not by the mouse: an answer that nobody sanitized may cover it.
      const button = page.getByRole('button', { name: 'New', exact: true })
      await button.evaluate((element) => (element as HTMLElement).click())
    }
    await ask(page, `answer ${number}`)
  }
  await page.waitForTimeout(500)
  await judge()
}

/** The names of the answers that reached the other server. */
export function whoReached({ reached }: HostileServer): string[] {
  const numbers = reached.requests.map((path) => Number(/^\/(\d+)/.exec(path)?.[1] ?? -1))
  return [...new Set(numbers)].map((number) => hostileAnswers[number]?.name ?? 'another')
}

export const readGlobal = (page: Page, name: string) =>
  page.evaluate((key) => (globalThis as unknown as Record<string, unknown>)[key], name)

/** Runs in the page: the controls of the page that something else lies on. */
function covered(): string[] {
  return [
    'header h1',
    '.composer textarea',
    '.composer button',
    '.conversations select',
    '.models h2',
  ].filter((selector) => {
    const control = document.querySelector(selector)
    if (control === null) return true
    const { x, y, width, height } = control.getBoundingClientRect()
    return !control.contains(document.elementFromPoint(x + width / 2, y + height / 2))
  })
}

export async function expectHarmless({ page, seen }: HostileChat, url: string): Promise<void> {
  expect(seen).toEqual({ left: [], dialogs: 0, popups: 0 })
  expect(page.url()).toBe(url)
  expect(await readGlobal(page, 'hit')).toBeUndefined()
  expect(await page.evaluate(covered)).toEqual([])
}
