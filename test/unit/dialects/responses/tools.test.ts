import { describe, expect, it } from 'vitest'
import { translate } from '../../../../src/dialects/responses/dialect.ts'
import { contextOf } from '../../../../src/routes/responses/context.ts'
import { memoryResponseStore } from '../../../../src/state/response-store.ts'
import type { ChatRequest } from '../../../../src/wire/chat/request.ts'
import { ApiError } from '../../../../src/wire/errors/api-error.ts'
import { parseResponsesRequest } from '../../../../src/wire/responses/request.ts'

type Fields = Record<string, unknown>

async function read(body: object, maxTools = 512) {
  const request = parseResponsesRequest({ input: 'Go.', ...body })
  const items = await contextOf(memoryResponseStore(), '', request, 'resp_1')
  const telling = { usage: () => undefined, onChange: undefined }
  return translate(request, items, 'resp_1', telling, maxTools)
}

async function chatOf(body: object): Promise<ChatRequest> {
  return (await read(body)).chat
}

/** The functions that a model is offered, by name. */
async function offered(body: object): Promise<Record<string, Fields>> {
  const { tools } = await chatOf(body)
  const functions = (tools ?? []).map((tool) => tool.function as Fields)
  return Object.fromEntries(functions.map((each) => [each.name, each]))
}

const f = { type: 'function', name: 'f', parameters: { type: 'object' } }
const patch = {
  type: 'custom',
  name: 'apply_patch',
  description: 'Edits files.',
  format: { type: 'grammar', syntax: 'lark', definition: 'start: "x"' },
}
const search = { type: 'tool_search', execution: 'client', description: 'Finds tools.' }
const calendar = {
  type: 'namespace',
  name: 'mcp__calendar',
  description: 'Of a calendar.',
  tools: [
    { type: 'function', name: 'create', description: 'Creates.', parameters: { type: 'object' } },
    { type: 'custom', name: 'note' },
  ],
}

describe('tools that a client runs', () => {
  it('are functions for the model', async () => {
    const tools = [f, patch, calendar, search, { type: 'local_shell' }, { type: 'shell' }]
    const functions = await offered({ tools: [...tools, { type: 'computer' }] })
    expect(Object.keys(functions)).toEqual([
      'f',
      'apply_patch',
      'mcp__calendar__create',
      'mcp__calendar__note',
      'tool_search',
      'local_shell',
      'shell',
      'computer',
    ])
    const input = { type: 'object', properties: { input: { type: 'string' } }, required: ['input'] }
    expect(functions.apply_patch?.parameters).toMatchObject(input)
    expect(functions.apply_patch?.description).toMatch(/^Edits files\..*lark.*start: "x"$/s)
    expect(functions.mcp__calendar__create).toMatchObject({
      description: 'mcp__calendar: Of a calendar.\n\nCreates.',
      parameters: { type: 'object' },
    })
    expect(functions.mcp__calendar__note?.parameters).toMatchObject(input)
    expect(functions.tool_search).toMatchObject({ description: 'Finds tools.' })
  })

  it('have names of their own, as far as a chat takes them', async () => {
    const long = 'n'.repeat(64)
    const space = (name: string, ...tools: string[]) => ({
      type: 'namespace',
      name,
      tools: tools.map((tool) => ({ type: 'function', name: tool })),
    })
    const tools = [
      space('a', 'b', 'b c', long),
      space('a', `${long}x`),
      { type: 'shell' },
      { type: 'function', name: 'shell' },
      { type: 'function', name: 'a__b' },
    ]
    const names = Object.keys(await offered({ tools }))
    expect(names).toHaveLength(7)
    expect(names.slice(4)).toEqual(['shell_2', 'shell', 'a__b'])
    expect(names.slice(0, 2)).toEqual(['a__b_2', 'a__b_c'])
    for (const name of names) expect(name).toMatch(/^[\w-]{1,64}$/)
  })

  it.each<[string, object, object]>([
    ['a custom tool', { type: 'custom', name: 'apply_patch' }, { name: 'apply_patch' }],
    ['one in a namespace', { type: 'function', name: 'create' }, { name: 'mcp__calendar__create' }],
    ['one of the client’s', { type: 'local_shell' }, { name: 'local_shell' }],
  ])('can be chosen: %s', async (_, tool_choice, called) => {
    const tools = [f, patch, calendar, { type: 'local_shell' }]
    const chat = await chatOf({ tools, tool_choice })
    expect(chat.tools).toHaveLength(5)
    expect(chat.tool_choice).toEqual({ type: 'function', function: called })
  })

  it('can be limited to some, of those that are there', async () => {
    const chosen = [{ type: 'web_search' }, { type: 'custom', name: 'apply_patch' }]
    const tools = [f, patch, { type: 'web_search' }]
    const tool_choice = { type: 'allowed_tools', mode: 'auto', tools: chosen }
    const chat = await chatOf({ tools, tool_choice })
    expect(chat.tools).toMatchObject([{ function: { name: 'apply_patch' } }])
    expect(chat.tool_choice).toBe('auto')
  })
})

describe('tools that only a provider runs', () => {
  const web = { type: 'web_search', external_web_access: true }

  it('are left out and named, whatever else there is', async () => {
    const tools = [web, { type: 'mcp', server_label: 'x' }, f, { type: 'from the futüre' }]
    const conversation = await read({ tools })
    expect(conversation.chat.tools).toMatchObject([{ function: { name: 'f' } }])
    expect(conversation.omittedTypes?.()).toEqual(['web_search', 'mcp', 'from_the_fut_re'])
  })

  it.each(['auto', 'none', undefined])(
    'leave a request without tools as it is: %s',
    async (choice) => {
      const chat = await chatOf({ tools: [web], tool_choice: choice })
      expect(chat).toEqual({ messages: [{ role: 'user', content: 'Go.' }] })
    },
  )

  it('are named in no more than a few words', async () => {
    const tools = Array.from({ length: 99 }, (_, at) => ({ type: `${at}${'x'.repeat(99)}` }))
    const conversation = await read({ tools })
    expect(conversation.chat.tools).toBeUndefined()
    expect(conversation.omittedTypes?.().join(', ').length).toBeLessThan(700)
  })

  it.each<[string, string, object]>([
    ['tool_choice', 'web_search', { tool_choice: 'required' }],
    ['tool_choice.type', 'web_search', { tool_choice: { type: 'web_search' } }],
    ['tool_choice.type', 'mcp', { tool_choice: { type: 'mcp', server_label: 'x' } }],
  ])('are refused where one must be called: %s', async (param, type, body) => {
    const error = await chatOf({ tools: [web], ...body }).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(ApiError)
    expect(error).toMatchObject({ status: 400, param })
    expect((error as Error).message).toContain(`got "${type}"`)
  })

  it('are not named where it is the items that are left out', async () => {
    const body = { tools: [web], input: [{ type: 'program', id: 'p' }] }
    const error = await chatOf(body).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ status: 400, param: 'input' })
    expect((error as Error).message).toContain('got only program;')
  })

  it('leave out their items as well', async () => {
    const conversation = await read({
      input: [
        { role: 'user', content: 'Go.' },
        { type: 'web_search_call', id: 'ws_1', status: 'completed' },
        { type: 'image_generation_call', id: 'ig_1', result: 'AAAA' },
      ],
    })
    expect(conversation.chat.messages).toEqual([{ role: 'user', content: 'Go.' }])
    expect(conversation.omittedTypes?.()).toEqual(['web_search_call', 'image_generation_call'])
  })
})

describe('tools that are found in the course of a conversation', () => {
  const late = { type: 'function', name: 'late', defer_loading: true }
  const found = (tools: object[]) => [
    { role: 'user', content: 'Go.' },
    { type: 'tool_search_call', call_id: 'c', execution: 'client', arguments: { query: 'q' } },
    { type: 'tool_search_output', call_id: 'c', execution: 'client', status: 'completed', tools },
  ]

  it('are offered from then on', async () => {
    const body = { tools: [search, late], input: found([calendar]) }
    expect(Object.keys(await offered(body))).toEqual([
      'tool_search',
      'mcp__calendar__create',
      'mcp__calendar__note',
    ])
    expect(Object.keys(await offered({ ...body, input: found([late]) }))).toContain('late')
    const { messages } = await chatOf(body)
    expect(messages.slice(1)).toMatchObject([
      { tool_calls: [{ id: 'c', function: { name: 'tool_search', arguments: '{"query":"q"}' } }] },
      {
        role: 'tool',
        tool_call_id: 'c',
        content: expect.stringContaining('mcp__calendar__create'),
      },
    ])
  })

  it('are offered where one was called, or must be', async () => {
    const call = { type: 'function_call', call_id: 'a', name: 'late', arguments: '{}' }
    const input = [{ role: 'user', content: 'Go.' }, call]
    expect(Object.keys(await offered({ tools: [search, late], input }))).toContain('late')
    const tool_choice = { type: 'function', name: 'late' }
    expect(Object.keys(await offered({ tools: [search, late], tool_choice }))).toContain('late')
  })

  it('are offered at once where nothing can search for them', async () => {
    expect(Object.keys(await offered({ tools: [late] }))).toEqual(['late'])
    const served = await read({ tools: [late, { type: 'tool_search' }] })
    expect(served.chat.tools).toHaveLength(1)
    expect(served.omittedTypes?.()).toEqual(['tool_search'])
  })

  it('keep their names where a tool of the client’s has the same', async () => {
    const shell = { type: 'function', name: 'shell' }
    const functions = await offered({ tools: [search, { type: 'shell' }], input: found([shell]) })
    expect(Object.keys(functions)).toEqual(['tool_search', 'shell_2', 'shell'])
  })

  it('may come in an item of their own', async () => {
    const input = [
      { type: 'additional_tools', role: 'developer', tools: [patch, { type: 'web_search' }] },
      { role: 'user', content: 'Go.' },
    ]
    const conversation = await read({ input })
    expect(conversation.chat.tools).toMatchObject([{ function: { name: 'apply_patch' } }])
    expect(conversation.chat.messages).toHaveLength(1)
    expect(conversation.omittedTypes?.()).toEqual(['web_search'])
  })
})

describe('more tools than are allowed', () => {
  const of = (count: number, name = 'f') => {
    return Array.from({ length: count }, (_, at) => ({ type: 'function', name: `${name}${at}` }))
  }
  const space = (count: number, name?: string) => ({
    type: 'namespace',
    name: 'ns',
    tools: of(count, name),
  })
  const brought = (tools: object[]) => ({ type: 'additional_tools', role: 'developer', tools })
  const go = { role: 'user', content: 'Go.' }

  it.each<[string, object]>([
    ['in a namespace', { tools: [f, space(4)] }],
    ['brought by items', { tools: of(3), input: [brought([patch]), brought([space(1)]), go] }],
  ])('are refused: %s', async (_, body) => {
    const conversation = await read(body, 4)
    const message = 'tools: expected at most 4, got 5; --max-tools allows more.'
    expect(() => conversation.chat).toThrow(message)
  })

  it('are refused as the choice of some, too', async () => {
    const tool_choice = { type: 'allowed_tools', mode: 'auto', tools: Array(5).fill(of(1)[0]) }
    const conversation = await read({ tools: of(3), tool_choice }, 4)
    const message = 'tool_choice.tools: expected at most 4, got 5; --max-tools allows more.'
    expect(() => conversation.chat).toThrow(message)
  })

  it('are not those that a conversation repeats, holds back or leaves out', async () => {
    const held = of(9, 'h').map((tool) => ({ ...tool, defer_loading: true }))
    const repeated = brought([space(3), { type: 'web_search' }])
    const input = [repeated, repeated, repeated, go]
    const conversation = await read({ tools: [search, ...held, space(3)], input }, 4)
    expect(conversation.chat.tools).toHaveLength(4)
  })

  it('take no time in which others would have to wait', async () => {
    // The names that replace them are cut behind the two digits.
    const tools = Array.from({ length: 30_000 }, (_, at) => {
      const digits = (at % 1_296).toString(36).padStart(2, '0')
      return { type: 'function', name: `${'n'.repeat(58)}${digits}${at}` }
    })
    const body = { input: [brought([{ type: 'namespace', name: 'ns', tools }]), go] }
    const [few, all] = [await read(body), await read(body, 30_000)]
    const began = performance.now()
    expect(() => few.chat).toThrow('tools: expected at most 512, got 30000')
    expect(all.chat.tools).toHaveLength(30_000)
    expect(performance.now() - began).toBeLessThan(3_000)
  })
})
