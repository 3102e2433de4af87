import { describe, expect, it } from 'vitest'
import { messagesDialect } from '../../../../src/dialects/messages/dialect.ts'
import type { ChatRequest } from '../../../../src/wire/chat/request.ts'
import { ApiError } from '../../../../src/wire/errors/api-error.ts'

type Fields = Record<string, unknown>

const base = { model: 'm', max_tokens: 9, messages: [{ role: 'user', content: 'Go.' }] }

function read(body: object) {
  return messagesDialect.read({ ...base, ...body }, 'id', new Headers())
}

function chat(body: object): ChatRequest {
  return read(body).chat
}

function functions(body: object): Fields[] {
  return (chat(body).tools ?? []).map((tool) => tool.function as Fields)
}

function names(body: object): unknown[] {
  return functions(body).map(({ name }) => name)
}

function refusal(body: object): ApiError {
  try {
    chat(body)
  } catch (error) {
    if (error instanceof ApiError) return error
    throw error
  }
  throw new Error('accepted')
}

function propertiesOf(tool: Fields | undefined): Record<string, Fields> {
  const { properties } = (tool?.parameters ?? {}) as { properties?: Record<string, Fields> }
  return properties ?? {}
}

const input_schema = { type: 'object' }
const f = { name: 'f', input_schema }
const web = { type: 'web_search_20250305', name: 'web_search', max_uses: 8 }
const text = (words: string) => ({ type: 'text', text: words })
const png = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } }

describe('tools that a client runs', () => {
  it.each<[string, string, string[]]>([
    ['bash_20250124', 'bash', ['command', 'restart']],
    ['text_editor_20250728', 'str_replace_based_edit_tool', ['command', 'path', 'insert_text']],
    ['text_editor_20241022', 'str_replace_editor', ['command', 'path', 'new_str']],
    ['memory_20250818', 'memory', ['command', 'path', 'old_path', 'new_path']],
    ['computer_20250124', 'computer', ['action', 'coordinate', 'scroll_amount']],
    ['computer_20991231', 'computer', ['action']],
  ])('are functions by the version in their type: %s', (type, name, fields) => {
    const size = { display_width_px: 1024, display_height_px: 768 }
    const [tool, ...others] = functions({ tools: [{ type, name, ...size }] })
    expect(others).toEqual([])
    expect(tool).toMatchObject({ name, description: expect.any(String) })
    expect(Object.keys(propertiesOf(tool))).toEqual(expect.arrayContaining(fields))
    if (name === 'computer') expect(tool?.description).toContain('1024 × 768')
  })

  it('offer what their version can do', () => {
    const commands = (type: string) => {
      const [tool] = functions({ tools: [{ type, name: 'e' }] })
      return propertiesOf(tool).command?.enum
    }
    expect(commands('text_editor_20250124')).toContain('undo_edit')
    expect(commands('text_editor_20250429')).not.toContain('undo_edit')
  })
})

describe('tools that only a provider runs', () => {
  it('are left out and named', () => {
    const tools = [web, f, { type: 'mcp_toolset', mcp_server_name: 's' }, { type: 'new_20300101' }]
    const conversation = read({ tools, mcp_servers: [{ type: 'url', name: 's' }] })
    expect(conversation.chat.tools).toMatchObject([{ function: { name: 'f' } }])
    const left = ['mcp_servers', 'web_search_20250305', 'mcp_toolset', 'new_20300101']
    expect(conversation.omittedTypes?.()).toEqual(left)
  })

  it.each([{ type: 'auto' }, { type: 'none' }])('leave no empty list: %j', (tool_choice) => {
    expect(chat({ tools: [web], tool_choice })).toEqual(base)
    expect(chat({ tools: [] })).toEqual(base)
  })

  it.each<[string, object]>([
    ['tool_choice.name', { tools: [f, web], tool_choice: { type: 'tool', name: 'web_search' } }],
    ['tool_choice', { tools: [web], tool_choice: { type: 'any' } }],
  ])('are refused where one must be called: %s', (param, body) => {
    const error = refusal(body)
    expect(error).toMatchObject({ status: 400, param })
    expect(error.message).toContain('got "web_search_20250305"')
  })

  it('leave their blocks out as well, and a turn that has no others', () => {
    const content = [
      { type: 'server_tool_use', id: 'a', name: 'web_search', input: {} },
      { type: 'web_search_tool_result', tool_use_id: 'a', content: [] },
    ]
    const messages = (blocks: object[]) => [
      ...base.messages,
      { role: 'assistant', content: blocks },
      { role: 'user', content: 'On.' },
    ]
    const conversation = read({ messages: messages([text('Found.'), ...content]) })
    expect(conversation.chat.messages[1]).toEqual({ role: 'assistant', content: 'Found.' })
    expect(conversation.omittedTypes?.()).toEqual(['server_tool_use', 'web_search_tool_result'])
    expect(chat({ messages: messages(content) }).messages).toEqual([
      { role: 'user', content: 'Go.\n\nOn.' },
    ])
  })

  it('tell the summary of a conversation that was compacted', () => {
    const block = { type: 'compaction', content: 'All is well.' }
    const messages = [{ role: 'assistant', content: [block] }, ...base.messages]
    expect(chat({ messages }).messages[0]).toEqual({ role: 'assistant', content: 'All is well.' })
  })
})

describe('deferred tools', () => {
  const late = { name: 'late', input_schema, defer_loading: true }
  const later = { ...late, name: 'later' }
  const search = { name: 'ToolSearch', input_schema }
  const call = (name: string) => ({ type: 'tool_use', id: 'a', name, input: {} })
  const result = (content: object[]) => ({ type: 'tool_result', tool_use_id: 'a', content })
  const found = (name: string) => [
    ...base.messages,
    { role: 'assistant', content: [call('ToolSearch')] },
    { role: 'user', content: [result([{ type: 'tool_reference', tool_name: name }])] },
  ]
  const tools = [search, late, later]

  it('are offered once a search has referred to them', () => {
    expect(names({ tools })).toEqual(['ToolSearch'])
    expect(names({ tools, messages: found('late') })).toEqual(['ToolSearch', 'late'])
    expect(chat({ tools, messages: found('late') }).messages.at(-1)).toEqual({
      role: 'tool',
      tool_call_id: 'a',
      content: 'The tool late can be called now.',
    })
  })

  it('are offered where they were called, or must be', () => {
    const messages = [
      ...base.messages,
      { role: 'assistant', content: [call('late')] },
      { role: 'user', content: [result([text('x')])] },
    ]
    expect(names({ tools, messages })).toEqual(['ToolSearch', 'late'])
    const tool_choice = { type: 'tool', name: 'later' }
    expect(names({ tools, tool_choice })).toEqual(['ToolSearch', 'later'])
  })

  it('are offered at once where no client searches', () => {
    const served = { type: 'tool_search_tool_regex_20251119', name: 'tool_search_tool_regex' }
    expect(names({ tools: [served, f, late] })).toEqual(['f', 'late'])
    expect(names({ tools: [late, later] })).toEqual(['late', 'later'])
  })
})

describe('the result of a tool', () => {
  const result = (content: object[], more: object = {}) => {
    const block = { type: 'tool_result', tool_use_id: 'a', content, ...more }
    return chat({ messages: [{ role: 'user', content: [block] }] }).messages
  }

  it('is never empty where there is only an image', () => {
    const [tool, user] = result([png])
    expect(tool).toMatchObject({ role: 'tool', content: expect.stringMatching(/next message/) })
    expect(user).toMatchObject({ role: 'user', content: [{ type: 'image_url' }] })
  })

  it('says that it failed', () => {
    expect(result([png], { is_error: true })[0]?.content).toMatch(/^Error: The result/)
    expect(result([], { is_error: true })[0]?.content).toBe('Error: ')
  })
})
