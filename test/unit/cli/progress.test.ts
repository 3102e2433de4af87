import { expect, it } from 'vitest'
import { progressBar } from '../../../src/cli/progress.ts'

/** What was written for so many steps of a load. */
async function written(
  isTerminal: boolean,
  steps: number[],
  text = 'Loading model from cache[1/4]',
) {
  const lines: string[] = []
  const show = progressBar({
    isTerminal: async () => isTerminal,
    write: (line) => void lines.push(line),
  })
  for (const done of steps) await show({ model: 'm-1B', done, text })
  return lines
}

it('is one line that moves on a terminal, and ends when all is there', async () => {
  const lines = await written(true, [0, 0.5, 0.5, 1])
  expect(lines).toEqual([
    `\r\u001b[K  ${'░'.repeat(24)}   0 %  m-1B  Loading model from cache[1/4]`,
    `\r\u001b[K  ${'█'.repeat(12)}${'░'.repeat(12)}  50 %  m-1B  Loading model from cache[1/4]`,
    `\r\u001b[K  ${'█'.repeat(24)} 100 %  m-1B  Loading model from cache[1/4]\n`,
  ])
})

it('is a line for every tenth elsewhere', async () => {
  const lines = await written(false, [0, 0.04, 0.11, 0.19, 0.25, 1])
  expect(lines).toEqual([
    '  loading m-1B: 0 %\n',
    '  loading m-1B: 10 %\n',
    '  loading m-1B: 20 %\n',
    '  loading m-1B: 100 %\n',
  ])
})

it('shows nothing that could move a cursor', async () => {
  const [line] = await written(true, [0.2], 'evil \u001b[2J text')
  expect(line?.slice(4)).not.toContain('\u001b')
})
