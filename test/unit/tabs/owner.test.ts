import { expect, it } from 'vitest'
import { createLinked, STATE } from './linked.ts'

it('answers with no more tokens than its owner allows, whatever is asked for', async () => {
  const { addTab, ask } = createLinked()
  const { link } = await addTab({ isEndless: true }, { maxTokens: 7 })
  for (const body of [{}, { max_tokens: 50 }, { max_completion_tokens: 50, max_tokens: 50 }]) {
    expect(await (await ask(body)).json()).toMatchObject({
      choices: [{ finish_reason: 'length' }],
      usage: { completion_tokens: 7 },
    })
  }
  const fewer = await (await ask({ max_completion_tokens: 3 })).json()
  expect(fewer).toMatchObject({ usage: { completion_tokens: 3 } })
  link.change(STATE, 5)
  expect(await (await ask()).json()).toMatchObject({ usage: { completion_tokens: 5 } })
  link.change(STATE)
  const free = await (await ask({ max_tokens: 20 })).json()
  expect(free).toMatchObject({ usage: { completion_tokens: 20 } })
})

it('counts the tokens of an answer, and neither its role nor its end', async () => {
  const { addTab, ask } = createLinked()
  const { answers } = await addTab()
  await (await ask({ stream: true, stream_options: { include_usage: true } })).text()
  expect(answers.reduce((sum, { tokens }) => sum + tokens, 0)).toBe(5)
  await expect.poll(() => answers.filter(({ isOver }) => isOver)).toHaveLength(1)
})

it('is asked what waited for another tab that has left, although it came later', async () => {
  const { addTab, ask } = createLinked()
  const first = await addTab({ isEndless: true, tokenDelay: 5 })
  const reading = (await ask({ stream: true })).text()
  const waiting = ask()
  // Until it is in the line for the only tab.
  await new Promise((resolve) => setTimeout(resolve, 100))
  const second = await addTab()
  expect(second.standIn.seen.prompts).toHaveLength(0)
  first.link.leave()
  expect((await waiting).status).toBe(200)
  expect(second.standIn.seen.prompts).toHaveLength(1)
  expect(await reading).toContain('engine_lost')
})
