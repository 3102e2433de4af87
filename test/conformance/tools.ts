import { createOpenAI } from '@ai-sdk/openai'
import { streamText } from 'ai'
import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import { readMessages } from '../support/message-stream.ts'
import { ask, flags, post } from '../support/messages.ts'
import { errorOf, logOf, type Relay, sentFor, tag, useRelay } from '../support/relay.ts'
import { lintResponse, postResponses, readResponses } from '../support/responses.ts'
import type { HostName } from '../support/server.ts'

type Fields = Record<string, unknown>

/** The tools that agents declare, and their turns of calls and results, over an upstream asked in chat. */
export function tools(host: HostName): void {
  const relay = useRelay(host, { upstream: { persona: 'vllm', script: undefined }, flags })
  describe('as Codex declares them', () => codex(relay))
  describe('as Claude Code declares them', () => claudeCode(relay))
}

const patch = '*** Begin Patch\n*** Add File: a.txt\n+"é"\n*** End Patch\n'
const quoted = JSON.stringify(patch)

const CODEX = {
  instructions: 'You are a coding agent.',
  tools: [
    { type: 'function', name: 'exec_command', parameters: { type: 'object' }, strict: false },
    {
      type: 'custom',
      name: 'apply_patch',
      description: 'Edits files.',
      format: { type: 'grammar', syntax: 'lark', definition: 'start: "*** Begin Patch"' },
    },
    {
      type: 'namespace',
      name: 'multi_agent',
      description: 'Other agents.',
      tools: [{ type: 'function', name: 'wait', parameters: { type: 'object' } }],
    },
    { type: 'tool_search', execution: 'client', description: 'Finds tools.' },
    { type: 'web_search', external_web_access: true },
    { type: 'image_generation', output_format: 'png' },
  ],
  tool_choice: 'auto',
  parallel_tool_calls: true,
  store: false,
  include: ['reasoning.encrypted_content'],
}

const codexScript = {
  turns: [
    {
      persona: 'vllm',
      words: ['Well.'],
      toolCalls: [
        {
          name: 'apply_patch',
          arguments: ['{"inp', `ut": ${quoted.slice(0, 30)}`, `${quoted.slice(30)}}`],
        },
        { name: 'multi_agent__wait', arguments: ['{"ms"', ':5}'] },
        { name: 'tool_search', arguments: ['{"query":', '"calendar"}'] },
      ],
    },
    { persona: 'vllm', words: ['Done.'] },
  ],
}

const user = { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Go.' }] }
const found = {
  type: 'function',
  name: 'late',
  parameters: { type: 'object' },
  defer_loading: true,
}

/** What the client answers a call with. */
function resultOf({ type, call_id }: Fields): Fields {
  if (type === 'tool_search_call') {
    const result = { type: 'tool_search_output', execution: 'client', status: 'completed' }
    return { ...result, call_id, tools: [found] }
  }
  const kind = type === 'custom_tool_call' ? 'custom_tool_call_output' : 'function_call_output'
  return { type: kind, call_id, output: `of ${type}` }
}

function codex(relay: Relay): void {
  const read = async (body: object, stream: boolean) => {
    const response = await postResponses(relay.server.base, { ...CODEX, ...body, stream })
    const text = await response.text()
    if (response.status !== 200) throw new Error(text)
    const value = stream ? readResponses(text) : undefined
    const whole = (value?.response ?? JSON.parse(text)) as { output: Fields[] }
    expect([...(value?.problems ?? []), ...lintResponse(whole)]).toEqual([])
    return { response, output: whole.output }
  }

  it.each([true, false])(
    'goes through calls, results and an answer (stream: %s)',
    async (stream) => {
      const body = tag({ script: codexScript, input: [user] })
      const { response, output } = await read(body, stream)
      const calls = output.slice(1)
      expect(calls).toMatchObject([
        { type: 'custom_tool_call', name: 'apply_patch', input: patch, status: 'completed' },
        { type: 'function_call', namespace: 'multi_agent', name: 'wait', arguments: '{"ms":5}' },
        { type: 'tool_search_call', execution: 'client', arguments: { query: 'calendar' } },
      ])
      const omitted = ['web_search', 'image_generation']
      expect(response.headers.get('x-sluice-omitted-tools')).toBe(omitted.join(', '))
      expect(await logOf(relay.server, response)).toMatchObject({ omittedTools: omitted })

      const next = { ...body, input: [user, ...output, ...calls.map(resultOf)] }
      expect((await read(next, stream)).output).toMatchObject([{ content: [{ text: 'Done.' }] }])
      const [first, second] = sentFor(relay, body).map((sent) => sent.body as Fields)
      const names = (sent: Fields | undefined) => {
        const offered = (sent?.tools ?? []) as { function: Fields }[]
        return offered.map((tool) => tool.function.name)
      }
      const offered = ['exec_command', 'apply_patch', 'multi_agent__wait', 'tool_search']
      expect(names(first)).toEqual(offered)
      expect(names(second)).toEqual([...offered, 'late'])
      const messages = second?.messages as Fields[]
      const made = (messages.at(-4)?.tool_calls ?? []) as { function: Fields }[]
      expect(made.map((call) => call.function.name)).toEqual(offered.slice(1))
      expect(JSON.parse(`${made[0]?.function.arguments}`)).toEqual({ input: patch })
      expect(messages.slice(-3)).toMatchObject([
        { role: 'tool', content: 'of custom_tool_call' },
        { role: 'tool', content: 'of function_call' },
        { role: 'tool', content: expect.stringContaining('late') },
      ])
    },
  )

  it('is what SDKs read', async () => {
    const { base } = relay.server
    const client = new OpenAI({ baseURL: base, apiKey: 'none', maxRetries: 0 })
    const [script] = codexScript.turns
    const { tools } = CODEX as unknown as OpenAI.Responses.ResponseCreateParams
    const asked = { model: 'm', input: 'Go.', tools, script }
    const { output } = await client.responses.stream(asked).finalResponse()
    const call = output.find(({ type }) => type === 'custom_tool_call')
    expect(call).toMatchObject({ name: 'apply_patch', input: patch })

    const { responses, tools: own } = createOpenAI({
      baseURL: base,
      apiKey: 'none',
      fetch: (url, init) => {
        const body = { ...JSON.parse(String(init?.body)), script }
        return fetch(url, { ...init, body: JSON.stringify(body) })
      },
    })
    const custom = { apply_patch: own.customTool({ description: 'Edits files.' }) }
    const { toolCalls } = streamText({ model: responses('m'), prompt: 'Go.', tools: custom })
    expect((await toolCalls)[0]).toMatchObject({ toolName: 'apply_patch', input: patch })
  })

  it('summarizes its conversation, and goes on from the summary', async () => {
    const script = { persona: 'vllm', words: ['All', 'is', 'well.'] }
    const body = tag({ script, input: [user, { type: 'compaction_trigger' }] })
    const { output } = await read(body, true)
    expect(output).toMatchObject([{ type: 'compaction' }])
    await read({ ...body, input: [...output, user] }, true)
    const [, sent] = sentFor(relay, body).map(({ body }) => body as { messages: Fields[] })
    expect(sent?.messages[1]?.content).toContain('All is well.')
  })

  it('is refused where it forces a tool that nobody runs here', async () => {
    const forced = { ...CODEX, tool_choice: { type: 'web_search' } }
    const response = await postResponses(relay.server.base, forced)
    expect(response.status).toBe(400)
    expect(await errorOf(response)).toMatchObject({ param: 'tool_choice.type' })
  })

  it('is refused where a namespace holds more tools than are allowed', async () => {
    const many = Array.from({ length: 513 }, (_, at) => ({ type: 'function', name: `f${at}` }))
    const space = { type: 'namespace', name: 'many', description: 'Many.', tools: many }
    const response = await postResponses(relay.server.base, { tools: [space] })
    expect(response.status).toBe(400)
    expect(await errorOf(response)).toMatchObject({ param: 'tools' })
  })
}

const schema = { type: 'object', properties: {} }

const CLAUDE_CODE = {
  ...ask,
  tools: [
    { name: 'ToolSearch', description: 'Finds tools.', input_schema: schema },
    { name: 'WebFetch', input_schema: schema, defer_loading: true },
    { name: 'Task', input_schema: schema, defer_loading: true },
    { type: 'bash_20250124', name: 'bash' },
    { type: 'web_search_20250305', name: 'web_search', max_uses: 8 },
  ],
}

function claudeCode(relay: Relay): void {
  const script = {
    turns: [
      {
        persona: 'vllm',
        words: ['Well.'],
        toolCalls: [
          { name: 'ToolSearch', arguments: ['{"query":', '"select:WebFetch"}'] },
          { name: 'bash', arguments: ['{"command":"ls"}'] },
        ],
      },
      { persona: 'vllm', words: ['Done.'] },
    ],
  }
  const png = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } }

  it.each([true, false])(
    'goes through calls, results and an answer (stream: %s)',
    async (stream) => {
      const body = tag({ ...CLAUDE_CODE, script, stream })
      const response = await post(relay.server, body)
      const text = await response.text()
      expect(response.status, text).toBe(200)
      if (stream) expect(readMessages(text)).toMatchObject({ problems: [], outcome: 'finished' })
      expect(text).toContain('"tool_use"')
      expect(response.headers.get('x-sluice-omitted-tools')).toBe('web_search_20250305')
      const omittedTools = ['web_search_20250305']
      expect(await logOf(relay.server, response)).toMatchObject({ omittedTools })

      const reference = { type: 'tool_reference', tool_name: 'WebFetch' }
      const call = (id: string, name: string) => ({ type: 'tool_use', id, name, input: {} })
      const result = (tool_use_id: string, content: object) => {
        return { type: 'tool_result', tool_use_id, content: [content] }
      }
      const messages = [
        ...ask.messages,
        { role: 'assistant', content: [call('a', 'ToolSearch'), call('b', 'bash')] },
        { role: 'user', content: [result('a', reference), result('b', png)] },
      ]
      const answer = await post(relay.server, { ...body, messages })
      expect(await answer.text()).toContain('Done.')
      const [first, second] = sentFor(relay, body).map((sent) => sent.body as Fields)
      expect(first?.tools).toMatchObject([
        { function: { name: 'ToolSearch' } },
        { function: { name: 'bash', parameters: { properties: { command: {} } } } },
      ])
      expect(second?.tools).toMatchObject([{}, { function: { name: 'WebFetch' } }, {}])
      expect(second?.messages).toMatchObject([
        {},
        { tool_calls: [{ id: 'a' }, { id: 'b' }] },
        { role: 'tool', tool_call_id: 'a', content: expect.stringContaining('WebFetch') },
        { role: 'tool', tool_call_id: 'b', content: expect.stringMatching(/./) },
        { role: 'user', content: [{ type: 'image_url' }] },
      ])
    },
  )
}
