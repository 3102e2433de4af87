// What the chat shows of an answer: code, reasoning, calls and errors.

import { expect, it } from 'vitest'
import { delta, END, text, useChatPage } from './support/chat-page.ts'

const CODE = '```ts\nconst answer: number = 42 // <b>not bold</b>\n```'
const call = (index: number, fields: object) => delta({ tool_calls: [{ index, ...fields }] })

const chat = useChatPage({
  code: [
    text(`1. In a list:\n\n   ${CODE.replaceAll('\n', '\n   ')}\n\nAnd here:\n\n`),
    ...(CODE.match(/.{1,9}/gs) ?? []).flatMap((piece) => [text(piece), { wait: 5 }]),
    ...END,
  ],
  think: [
    delta({ reasoning_content: 'Let me see. ' }),
    { wait: 1_100 },
    delta({ reasoning_content: 'It is so.' }),
    text('So it is.'),
    { wait: 50 },
    ...END,
  ],
  weather: [
    call(0, { id: 'call_1', type: 'function', function: { name: 'weather', arguments: '' } }),
    call(0, { function: { arguments: '{"city":"Par' } }),
    call(0, { function: { arguments: 'is","days":[1,2]}' } }),
    delta({}, 'tool_calls'),
    { send: 'data: [DONE]\n\n' },
  ],
  'weather result': [text('It is sunny.'), ...END],
  fail: [
    text('The beginning'),
    { send: 'data: {"error":{"message":"The GPU is gone.","code":"gpu_lost"}}\n\n' },
    { end: true },
  ],
})

it('colours code by its language, as text, and copies it', async () => {
  await chat.page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
  await chat.ask('code')
  await chat.answer().getByText('finished').waitFor()
  const boxes = chat.answer().locator('.code-box')
  expect(await boxes.count()).toBe(2)
  for (const box of await boxes.all()) {
    await box.locator('.shj-cmnt', { hasText: '// <b>not bold</b>' }).waitFor()
    expect(await box.locator('pre').textContent()).toBe(CODE.split('\n')[1])
    expect(await box.locator('.code-bar span').textContent()).toBe('ts')
    expect(await box.locator('b').count()).toBe(0)
  }
  await boxes.last().getByRole('button', { name: 'Copy ts code' }).click()
  await boxes.last().getByText('Copied').waitFor()
  expect(await chat.page.evaluate(() => navigator.clipboard.readText())).toBe(CODE.split('\n')[1])
})

it('folds the reasoning, shows it while it comes, and how long it took', async () => {
  await chat.ask('think')
  await chat
    .answer()
    .getByText(/^Thinking… \d+ s$/)
    .waitFor()
  await chat.answer().locator('.glimpse', { hasText: 'Let me see.' }).waitFor()
  await chat.answer().getByText('Thought for 1 s').waitFor()
  expect(await chat.answer().locator('.glimpse').count()).toBe(0)
  expect(await chat.answer().getByText('It is so.').count()).toBe(0)
  await chat.answer().getByText('Thought for 1 s').click()
  await chat.answer().locator('.reasoning', { hasText: 'Let me see. It is so.' }).waitFor()
})

it('shows a call, and goes on with the result that the user gives', async () => {
  const tools = '{"name": "weather", "parameters": {"type": "object"}}'
  await chat.page.getByRole('button', { name: 'Settings' }).click()
  await chat.page.getByLabel('Tools that the model may ask for').fill(`${tools},`)
  await chat.page.getByText('Tools: this is not JSON').waitFor()
  await chat.page.getByLabel('Tools that the model may ask for').fill(tools)
  await chat.page.getByText('Offered: 1.').waitFor()
  await chat.ask('weather')
  const call = chat.answer().getByRole('region', { name: 'Call of weather' })
  await call.waitFor()
  const shown = '{\n  "city": "Paris",\n  "days": [\n    1,\n    2\n  ]\n}'
  await expect.poll(() => call.locator('pre').textContent()).toBe(shown)
  await chat.page.getByLabel('Result of weather').fill('{"sky": "clear"}')
  await chat.page.getByRole('button', { name: 'Send the result' }).click()
  await chat.answer().getByText('It is sunny.').waitFor()
  const { messages, tools: offered } = chat.asked().body
  expect(offered).toEqual([{ type: 'function', function: JSON.parse(tools) }])
  expect(messages.slice(1)).toEqual([
    {
      role: 'assistant',
      content: null,
      tool_calls: [
        {
          id: 'call_1',
          type: 'function',
          function: { name: 'weather', arguments: '{"city":"Paris","days":[1,2]}' },
        },
      ],
    },
    { role: 'tool', content: '{"sky": "clear"}', tool_call_id: 'call_1' },
  ])
})

it('shows an error below what had come, with its code, and asks again', async () => {
  await chat.ask('fail')
  const failure = chat.answer().locator('.failure')
  await failure.getByText('The GPU is gone.').waitFor()
  expect(await failure.locator('code').textContent()).toBe('gpu_lost')
  expect(await chat.answer().locator('.words').textContent()).toBe('The beginning\n')
  const before = chat.upstream.requests.length
  await failure.getByRole('button', { name: 'Retry' }).click()
  await expect.poll(() => chat.upstream.requests.length).toBe(before + 1)
  await failure.getByText('The GPU is gone.').waitFor()
  expect(chat.asked().body.messages).toHaveLength(1)
  expect(await chat.page.locator('.message').count()).toBe(2)
})
