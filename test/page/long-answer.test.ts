// What a token of a long answer costs: work is counted, since time depends on the machine.

import { expect, it } from 'vitest'
import { useChatPage } from './support/chat-page.ts'
import { END, text } from './support/chat-steps.ts'

/** The machine may be busy. */
const SOON = { timeout: 60_000 }

const PART = [
  'A paragraph with **bold** words and `code`.\n\n',
  '```ts\nconst answer: number = 42\n```\n\n',
  '| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |\n\n',
  '- one\n- two\n\n',
].join('')
const PARTS = 40
const pieces = PART.repeat(PARTS).match(/.{1,9}/gs) ?? []

const chat = useChatPage({
  long: [...pieces.flatMap((piece) => [text(piece), { wait: 1 }]), ...END],
})

interface Counted {
  changes: number
  /** Changed blocks that were before the last two already when the frame began. */
  early: string[]
  mostRows: number
}

it('changes the block that grows, and none that is complete', async () => {
  await chat.page.evaluate(() => {
    const counted: Counted = { changes: 0, early: [], mostRows: 0 }
    Object.assign(globalThis, { counted })
    // Several may come within one frame.
    let before = 0
    new MutationObserver((changes) => {
      counted.changes += changes.length
      const rows = document.querySelectorAll('.frames > li').length
      if (document.querySelector('.message[aria-busy=true]')) {
        counted.mostRows = Math.max(counted.mostRows, rows)
      }
      const blocks = [...document.querySelectorAll('.assistant .words > .block')]
      for (const { target, removedNodes, nextSibling } of changes) {
        // Drawn anew, it is taken out with all others. The last one alone may turn out to be of another kind.
        const [removed] = removedNodes
        const isLast = removedNodes.length === 1 && nextSibling === null
        if (removed instanceof Element && removed.matches('.block') && !isLast) {
          counted.early.push(removed.textContent ?? '')
        }
        const element = target instanceof Element ? target : target.parentElement
        const block = element?.closest('.words > .block')
        // The colours of a block of code come when it is complete.
        const isCode = element?.closest('.code-box') !== null
        if (block && !isCode && blocks.indexOf(block) < before - 2) {
          counted.early.push(block.textContent ?? '')
        }
      }
      before = blocks.length
    }).observe(document.body, { childList: true, characterData: true, subtree: true })
  })
  await chat.ask('long')
  await chat.answer().getByText('finished').waitFor(SOON)
  const counted = await chat.page.evaluate(
    () => (globalThis as unknown as { counted: Counted }).counted,
  )
  expect(await chat.answer().locator('.words > .block').count()).toBe(PARTS * 4)
  expect(counted.changes).toBeGreaterThan(PARTS * 4)
  expect(counted.early).toEqual([])
  expect(counted.mostRows).toBeGreaterThan(10)
  expect(counted.mostRows).toBeLessThanOrEqual(60)
  // Then all that the list shows.
  await expect.poll(() => chat.page.locator('.frames > li').count(), SOON).toBe(300)
}, 90_000)

it('lays out only the blocks that are in view', async () => {
  await chat.ask('long')
  await chat.answer().getByText('finished').waitFor(SOON)
  // What is skipped has no boxes of its own.
  const laidOut = () =>
    chat.page.evaluate(() => {
      const blocks = [...document.querySelectorAll('.assistant .words > .block')]
      return blocks.filter((block) =>
        block.firstElementChild?.checkVisibility({ contentVisibilityAuto: true }),
      ).length
    })
  await expect.poll(laidOut, SOON).toBeLessThan((PARTS * 4) / 2)
  expect(await laidOut()).toBeGreaterThan(0)
}, 90_000)
