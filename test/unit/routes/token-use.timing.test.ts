import { expect, it } from 'vitest'
import { promptSize } from '../../../src/guard/prompt-size.ts'
import { ExchangeUse } from '../../../src/routes/token-use.ts'

const tool = { name: 'f', description: 'It reads a file. '.repeat(20), enum: ['a', 'b'] }
const body = { tools: Array.from({ length: 10_000 }, () => tool) }
const message = { role: 'user', content: [{ type: 'text', text: 'é '.repeat(1_000) }] }
const source = { body, conversation: Array.from({ length: 1_000 }, () => message) }
const catalog = { known: [] }

it('a prompt of megabytes is measured in steps, between which others have turns', async () => {
  const use = new ExchangeUse(source, 'm', catalog, true)
  let turns = 0
  const mark = () => {
    turns++
    turn = setImmediate(mark)
  }
  let turn = setImmediate(mark)
  await use.measure()
  clearImmediate(turn)
  expect(turns).toBeGreaterThan(2)
  expect(use.size).toEqual(promptSize(source))
})

it('a smaller prompt is measured when that is needed', () => {
  const use = new ExchangeUse(source, 'm', catalog)
  expect(use.measure()).toBeUndefined()
  expect(use.size).toEqual(promptSize(source))
})
