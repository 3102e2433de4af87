// What the user sends in the chat: images, changed messages, and what is kept of them.

import { deflateSync } from 'node:zlib'
import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { useChatPage } from './support/chat-page.ts'
import { END, text } from './support/chat-steps.ts'

/** The machine may be busy. */
const SOON = { timeout: 15_000 }

const chat = useChatPage({
  unseen: [
    { send: 'data: {"error":{"message":"image input is not supported","code":400}}\n\n' },
    { end: true },
  ],
  slow: [text('One'), { wait: 20_000 }, text(' two'), ...END],
})

/** A PNG of one colour. */
function png(width: number, height: number): Buffer {
  const crcs = Array.from({ length: 256 }, (_, value) => {
    let crc = value
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? 0xedb88320 ^ (crc >>> 1) : crc >>> 1
    return crc >>> 0
  })
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type), data])
    let crc = 0xffffffff
    for (const byte of body) crc = (crcs[(crc ^ byte) & 255] ?? 0) ^ (crc >>> 8)
    const ends = Buffer.alloc(8)
    ends.writeUInt32BE(data.length, 0)
    ends.writeUInt32BE((crc ^ 0xffffffff) >>> 0, 4)
    return Buffer.concat([ends.subarray(0, 4), body, ends.subarray(4)])
  }
  const head = Buffer.alloc(13)
  head.writeUInt32BE(width, 0)
  head.writeUInt32BE(height, 4)
  head.set([8, 2], 8)
  const row = Buffer.alloc(1 + width * 3, 120)
  row[0] = 0
  const rows = Buffer.concat(Array.from({ length: height }, () => row))
  const signature = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10])
  const data = chunk('IDAT', deflateSync(rows))
  return Buffer.concat([signature, chunk('IHDR', head), data, chunk('IEND', Buffer.alloc(0))])
}

/** Pastes or drops a file. */
async function give(how: 'paste' | 'drop', name: string, type: string, bytes: Buffer) {
  await chat.page.getByLabel('Message', { exact: true }).evaluate(
    (field, [how, name, type, base64]) => {
      const bytes = Uint8Array.from(atob(base64 as string), (char) => char.charCodeAt(0))
      const data = new DataTransfer()
      data.items.add(new File([bytes], name as string, { type: type as string }))
      const init = { bubbles: true, cancelable: true }
      const event =
        how === 'paste'
          ? new ClipboardEvent('paste', { ...init, clipboardData: data })
          : new DragEvent('drop', { ...init, dataTransfer: data })
      field.dispatchEvent(event)
    },
    [how, name, type, bytes.toString('base64')],
  )
}

function imagesOf(content: unknown): string[] {
  const parts = content as { type: string; image_url?: { url: string } }[]
  return parts.flatMap(({ image_url }) => (image_url ? [image_url.url] : []))
}

const firstSent = () => (chat.asked().body.messages as { content: unknown }[])[0]?.content

const attached = () => chat.page.getByLabel('Attached images').locator('img')

it('sends an image as the bytes that were pasted, and keeps it with the conversation', async () => {
  const image = png(12, 8)
  await give('paste', 'dot.png', 'image/png', image)
  await attached().waitFor()
  await chat.ask('What is this?')
  await chat.answer().getByText('finished').waitFor()
  const [message] = chat.asked().body.messages as { content: { type: string }[] }[]
  expect(message?.content[0]).toEqual({ type: 'text', text: 'What is this?' })
  expect(imagesOf(message?.content)).toEqual([`data:image/png;base64,${image.toString('base64')}`])
  expect(await attached().count()).toBe(0)

  await chat.page.reload()
  const shown = chat.page.locator('.message.user img')
  await expect
    .poll(() => shown.evaluate((element) => (element as HTMLImageElement).naturalWidth), SOON)
    .toBe(12)
  await chat.page.getByRole('button', { name: 'Regenerate' }).click()
  await expect.poll(() => imagesOf(firstSent()), SOON).toHaveLength(1)
  // Its storage has the image, and the conversation only its name.
  const stored = await chat.page.evaluate(() => JSON.stringify(localStorage))
  expect(stored).not.toContain('base64')

  await chat.answer().getByText('finished').waitFor()
  await chat.ask('unseen')
  await chat.answer().getByText('Choose a model that takes images').waitFor()
})

it('makes a large image smaller, says so, and refuses what is no image', async () => {
  await give('drop', 'wide.png', 'image/png', png(3_000, 20))
  await chat.page.getByText('reduced from 3000 × 20 to 2048 × 14 pixels').waitFor()
  await give('drop', 'notes.txt', 'text/plain', Buffer.from('Hi'))
  await chat.page.getByText('notes.txt: expected an image, got text/plain.').waitFor()
  await give('drop', 'broken.png', 'image/png', Buffer.from('Hi'))
  await chat.page.getByText('broken.png: this browser cannot read it').waitFor()
  await chat.page.getByRole('button', { name: 'Remove wide.png' }).click()
  expect(await attached().count()).toBe(0)
})

it('replaces a message that is edited and all that follow, and answers again', async () => {
  await chat.ask('First')
  await chat.answer().getByText('finished').waitFor()
  await chat.ask('Second')
  await expect.poll(() => chat.page.locator('.message').count(), SOON).toBe(4)
  await chat.answer().getByText('finished').waitFor()
  await chat.page.getByRole('button', { name: 'Edit' }).first().click()
  const field = chat.page.getByLabel('Your message')
  await field.press('Escape')
  await chat.page.getByRole('button', { name: 'Edit' }).first().click()
  await field.fill('Third')
  await field.press('Enter')
  await expect.poll(() => chat.page.locator('.message').count(), SOON).toBe(2)
  await chat.answer().getByText('finished').waitFor()
  expect(chat.asked().body.messages).toEqual([{ role: 'user', content: 'Third' }])
})

it('stops with Escape, and exports the conversation', async () => {
  await chat.ask('slow')
  await chat.answer().getByText('One').waitFor()
  await chat.page.keyboard.press('Escape')
  await chat.answer().getByText('cancelled').waitFor()
  const download = chat.page.waitForEvent('download')
  await chat.page.getByText('Export').click()
  await chat.page.getByRole('button', { name: 'Markdown' }).click()
  expect((await download).suggestedFilename()).toBe('slow.md')
  const parts = await (await download).createReadStream().then((stream) => stream.toArray())
  expect(Buffer.concat(parts).toString()).toBe('## You\n\nslow\n\n## Model\n\nOne\n')
})

it('keeps what two tabs change at once, and shows in each what the other did', async () => {
  const { page } = chat
  const other = await page.context().newPage()
  await other.goto(page.url())
  await other.locator('main.chat').waitFor()
  await chat.ask('From the first tab')
  await chat.answer().getByText('finished').waitFor()
  const listed = other.getByLabel('Conversation', { exact: true }).locator('option')
  await expect.poll(() => listed.allTextContents(), SOON).toContain('From the first tab')
  await other.getByRole('button', { name: 'New' }).click()
  await other.getByLabel('Message', { exact: true }).fill('From the second tab')
  await other.getByRole('button', { name: 'Send', disabled: false }).click()
  await other.locator('.assistant').getByText('finished').waitFor()
  await chat.ask('And again')
  await expect.poll(() => page.locator('.assistant').getByText('finished').count(), SOON).toBe(2)

  await other.reload()
  await other.locator('main.chat').waitFor()
  const titles = await listed.allTextContents()
  expect(titles.filter((title) => title.startsWith('From'))).toHaveLength(2)
  await expect.poll(() => storedTexts(other), SOON).toContain('And again')
})

it('keeps what two tabs begin within the same moment', async () => {
  const { page } = chat
  const other = await page.context().newPage()
  await other.goto(page.url())
  await other.locator('main.chat').waitFor()
  const send = async (tab: Page, text: string) => {
    await tab.getByLabel('Message', { exact: true }).fill(text)
    await tab.getByRole('button', { name: 'Send', disabled: false }).waitFor()
    return () => tab.keyboard.press('Enter')
  }
  const tabs = [page, other]
  for (const round of [1, 2, 3]) {
    for (const tab of tabs) await tab.getByRole('button', { name: 'New' }).click()
    const sends = await Promise.all(tabs.map((tab, index) => send(tab, `Tab ${index}, ${round}`)))
    await Promise.all(sends.map((press) => press()))
    for (const tab of tabs) await tab.locator('.assistant').getByText('finished').waitFor()
  }
  for (const tab of tabs) {
    const options = tab.getByLabel('Conversation', { exact: true }).locator('option')
    const titles = async () =>
      (await options.allTextContents()).filter((title) => title.startsWith('Tab ')).toSorted()
    await expect
      .poll(titles, SOON)
      .toEqual([0, 1].flatMap((index) => [1, 2, 3].map((round) => `Tab ${index}, ${round}`)))
  }
  await expect
    .poll(async () => (await storedTexts(page)).match(/"Tab \d, \d"/g)?.length, SOON)
    .toBe(6)
})

it('says that the storage is full for as long as the conversation is not stored', async () => {
  await chat.page.getByRole('button', { name: 'Settings' }).click()
  await chat.page.getByLabel('System prompt').fill('Be brief.')
  await chat.page.evaluate(() => {
    let size = 1 << 20
    for (let index = 0; size > 0; index++) {
      try {
        localStorage.setItem(`full ${index}`, 'x'.repeat(size))
      } catch {
        size >>= 1
      }
    }
  })
  const notice = chat.page.getByText('The browser does not store this')
  await chat.ask('Hello')
  await chat.answer().getByText('finished').waitFor()
  await notice.waitFor()
  // What is shorter than before is stored.
  await chat.page.getByLabel('System prompt').fill('Be')
  const stored = () => chat.page.evaluate(() => localStorage.getItem('sluice.options') ?? '')
  await expect.poll(stored, SOON).toContain('"Be"')
  expect(await notice.isVisible()).toBe(true)
})

const storedTexts = (page: Page) =>
  page.evaluate(() => localStorage.getItem('sluice.conversations') ?? '')
