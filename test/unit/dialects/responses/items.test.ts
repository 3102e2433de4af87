import { describe, expect, it } from 'vitest'
import { translate } from '../../../../src/dialects/responses/dialect.ts'
import { toEncryptedContent } from '../../../../src/dialects/responses/encrypted-content.ts'
import { contextOf } from '../../../../src/routes/responses/context.ts'
import { memoryResponseStore } from '../../../../src/state/response-store.ts'
import type { ChatRequest } from '../../../../src/wire/chat/request.ts'
import { parseResponsesRequest } from '../../../../src/wire/responses/request.ts'

async function read(body: object) {
  const request = parseResponsesRequest({ input: 'Go.', ...body })
  const items = await contextOf(memoryResponseStore(), '', request, 'resp_1')
  const telling = { usage: () => undefined, onChange: undefined }
  return translate(request, items, 'resp_1', telling, 512)
}

async function chatOf(body: object): Promise<ChatRequest> {
  return (await read(body)).chat
}

const f = { type: 'function', name: 'f', parameters: { type: 'object' } }

describe('a conversation', () => {
  const go = { role: 'user', content: 'Go.' }

  it.each<[string, string, object, object, object, string, object[]?]>([
    [
      'a custom tool',
      'apply_patch',
      { type: 'custom_tool_call', name: 'apply_patch', input: '*** "x"\n' },
      { input: '*** "x"\n' },
      { type: 'custom_tool_call_output', output: 'Done.' },
      'Done.',
    ],
    [
      'a tool of a namespace',
      'mcp__calendar__create',
      { type: 'function_call', name: 'create', namespace: 'mcp__calendar', arguments: '{"a":1}' },
      { a: 1 },
      { type: 'function_call_output', output: 'x' },
      'x',
    ],
    [
      'local_shell',
      'local_shell',
      { type: 'local_shell_call', action: { type: 'exec', command: ['ls'], env: {} } },
      { command: ['ls'], env: {} },
      { type: 'local_shell_call_output', output: 'a.txt' },
      'a.txt',
    ],
    [
      'shell',
      'shell',
      { type: 'shell_call', action: { commands: ['ls', 'pwd'] } },
      { commands: ['ls', 'pwd'] },
      {
        type: 'shell_call_output',
        output: [
          { stdout: 'a', stderr: '', outcome: { type: 'exit', exit_code: 0 } },
          { stdout: '', stderr: 'no', outcome: { type: 'timeout' } },
        ],
      },
      'a\nExit code: 0\nno\nIt was ended: it took too long.',
    ],
    [
      'apply_patch',
      'apply_patch',
      {
        type: 'apply_patch_call',
        operation: { type: 'delete_file', path: 'a' },
        status: 'completed',
      },
      { type: 'delete_file', path: 'a' },
      { type: 'apply_patch_call_output', status: 'failed', output: 'no such file' },
      'failed: no such file',
    ],
    [
      'computer',
      'computer',
      { type: 'computer_call', actions: [{ type: 'screenshot' }], pending_safety_checks: [] },
      { actions: [{ type: 'screenshot' }] },
      {
        type: 'computer_call_output',
        output: { type: 'computer_screenshot', image_url: 'data:image/png;base64,AA==' },
      },
      'The result is shown in the next message of the user.',
      [{ type: 'image_url', image_url: { url: 'data:image/png;base64,AA==' } }],
    ],
  ])('has the calls and results of %s', async (_, name, call, args, result, content, shown) => {
    const input = [go, { ...call, call_id: 'c' }, { ...result, call_id: 'c' }]
    const { messages } = await chatOf({ input })
    expect(messages).toMatchObject([
      go,
      { role: 'assistant', tool_calls: [{ id: 'c', type: 'function', function: { name } }] },
      { role: 'tool', tool_call_id: 'c', content },
      ...(shown ? [{ role: 'user', content: shown }] : []),
    ])
    const [made] = messages[1]?.tool_calls ?? []
    expect(JSON.parse(made?.function?.arguments ?? '')).toEqual(args)
  })

  it.each([
    ['a thought', 'Hm.'],
    ['an empty thought', ''],
  ])(
    'has calls as one turn that %s stands between, with nothing in front of their results',
    async (_, thought) => {
      const call = (call_id: string) => ({
        type: 'function_call',
        call_id,
        name: 'f',
        arguments: '{}',
      })
      const output = (call_id: string) => ({ type: 'function_call_output', call_id, output: '1' })
      const reasoning = { type: 'reasoning', summary: [{ type: 'summary_text', text: thought }] }
      const results = [output('a'), output('b')]
      const { messages } = await chatOf({
        input: [go, call('a'), reasoning, call('b'), ...results],
      })
      expect(messages).toMatchObject([
        go,
        { role: 'assistant', tool_calls: [{ id: 'a' }, { id: 'b' }] },
        { role: 'tool', tool_call_id: 'a' },
        { role: 'tool', tool_call_id: 'b' },
      ])
      expect(messages[1]?.reasoning_content ?? '').toBe(thought)
    },
  )

  it('has a thought behind words as the start of a turn', async () => {
    const words = { role: 'assistant', content: 'Yes.' }
    const reasoning = { type: 'reasoning', summary: [{ type: 'summary_text', text: 'Hm.' }] }
    const { messages } = await chatOf({ input: [go, words, reasoning, words] })
    expect(messages).toEqual([go, words, { ...words, reasoning_content: 'Hm.' }])
  })

  it('has results that name the item of their call', async () => {
    const action = { type: 'exec', command: ['ls'], env: {} }
    const input = [
      go,
      { type: 'local_shell_call', id: 'lsh_1', call_id: 'c', action },
      { type: 'local_shell_call_output', id: 'lsh_1', output: 'a' },
    ]
    expect((await chatOf({ input })).messages[2]).toMatchObject({ tool_call_id: 'c', content: 'a' })
  })

  it('has what a server’s own calls gave, and what other agents said', async () => {
    const input = [
      go,
      { type: 'mcp_call', id: 'm', server_label: 's', name: 'n', arguments: '{}', output: 'x' },
      { type: 'agent_message', author: '/root', content: [{ type: 'input_text', text: 'Hi.' }] },
    ]
    expect((await chatOf({ input })).messages).toMatchObject([
      go,
      { tool_calls: [{ id: 'm', function: { name: 's__n' } }] },
      { role: 'tool', tool_call_id: 'm', content: 'x' },
      { role: 'user', content: '/root: Hi.' },
    ])
  })

  it('has what an agent was told by a model here, and names what a provider encrypted', async () => {
    const message = (encrypted_content: string) => ({
      type: 'agent_message',
      author: '/root',
      content: [
        { type: 'input_text', text: 'New task:\n' },
        { type: 'encrypted_content', encrypted_content },
      ],
    })
    const told = await chatOf({ input: [message('Say hello.')] })
    expect(told.messages).toEqual([{ role: 'user', content: '/root: New task:\nSay hello.' }])
    const omitted = async (text: string) => {
      const conversation = await read({ input: [message(text)] })
      return [conversation.chat.messages, conversation.omittedTypes?.()]
    }
    const token = `gAAAAABl${'x'.repeat(92)}==`
    expect(await omitted(token)).toEqual([
      [{ role: 'user', content: '/root: New task:\n' }],
      ['agent_message'],
    ])
    expect((await omitted('Say hello.'))[1]).toEqual([])
  })

  it('has results of several parts as one text, and what else they hold behind all of them', async () => {
    const image = { type: 'image_url', image_url: { url: 'data:image/png;base64,AA==' } }
    const text = (words: string) => ({ type: 'input_text', text: words })
    const call = (call_id: string) => ({ type: 'function_call', call_id, name: 'f', arguments: '' })
    const output = (call_id: string, ...parts: object[]) => {
      return { type: 'function_call_output', call_id, output: parts }
    }
    const seen = { type: 'input_image', image_url: 'data:image/png;base64,AA==' }
    const results = [output('a', text('1'), seen, text('2')), output('b', text('3'))]
    const { messages } = await chatOf({ input: [go, call('a'), call('b'), ...results, go] })
    expect(messages.slice(2)).toEqual([
      { role: 'tool', tool_call_id: 'a', content: '1\n2' },
      { role: 'tool', tool_call_id: 'b', content: '3' },
      { role: 'user', content: [image, { type: 'text', text: 'Go.' }] },
    ])
  })

  it('has the summary that sluice gave, and refuses what it can’t read', async () => {
    const compaction = (encrypted_content: string) => ({ type: 'compaction', encrypted_content })
    const { messages } = await chatOf({
      input: [compaction(toEncryptedContent('All is well.')), go],
    })
    expect(messages).toMatchObject([
      { role: 'user', content: expect.stringMatching(/All is well\.\n\nGo\.$/) },
    ])
    const error = await chatOf({ input: [compaction('gAAAA'), go] }).catch(
      (reason: unknown) => reason,
    )
    expect(error).toMatchObject({ status: 400, param: 'input[0].encrypted_content' })
  })

  it('is summarized where that is asked for, with the tools in their place', async () => {
    const chat = await chatOf({ input: [go, { type: 'compaction_trigger' }], tools: [f] })
    expect(chat.messages).toMatchObject([
      { role: 'user', content: expect.stringMatching(/^Go\.\n\nSummarize/) },
    ])
    expect(chat).toMatchObject({ tools: [{ function: { name: 'f' } }], tool_choice: 'none' })
  })

  it('has what a tool says that was not called', async () => {
    const input = [go, { type: 'function_call_output', call_id: null, name: 'watch', output: 'x' }]
    const content = 'Go.\n\nOutput of the tool watch:\nx'
    expect((await chatOf({ input })).messages).toEqual([{ role: 'user', content }])
  })

  it('refuses the result of a call that is not there', async () => {
    const input = [go, { type: 'custom_tool_call_output', call_id: 'c', output: 'x' }]
    const error = await chatOf({ input }).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ status: 400, param: 'input[1].call_id' })
  })
})
