import { describe, expect, it } from 'vitest'
import type { TranslatedRequest } from '../../../../src/dialects/dialect.ts'
import { translate } from '../../../../src/dialects/responses/dialect.ts'
import { fromEncryptedContent } from '../../../../src/dialects/responses/encrypted-content.ts'
import { contextOf } from '../../../../src/routes/responses/context.ts'
import { memoryResponseStore } from '../../../../src/state/response-store.ts'
import type {
  ChatChunk,
  ChatCompletion,
  ChunkDelta,
  FinishReason,
} from '../../../../src/wire/chat/request.ts'
import { parseResponsesRequest } from '../../../../src/wire/responses/request.ts'
import { type ResponsesRead, readResponses } from '../../../support/responses.ts'

type Fields = Record<string, unknown>

const tools = [
  { type: 'function', name: 'f' },
  { type: 'custom', name: 'apply_patch' },
  { type: 'namespace', name: 'mcp', tools: [{ type: 'function', name: 'create' }] },
  { type: 'tool_search', execution: 'client' },
  { type: 'local_shell' },
  { type: 'shell' },
]

async function ask(body: object) {
  const request = parseResponsesRequest({ input: 'Go.', tools, ...body })
  const items = await contextOf(memoryResponseStore(), '', request, 'resp_1')
  const telling = { usage: () => undefined, onChange: undefined }
  return translate(request, items, 'resp_1', telling, 512)
}

function chunkOf(delta: ChunkDelta, finish_reason: FinishReason | null = null): ChatChunk {
  const choices = [{ index: 0, delta, finish_reason }]
  return { id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices }
}

const piece = (index: number, fields: object) => chunkOf({ tool_calls: [{ index, ...fields }] })

function begin(index: number, name: string, text = ''): ChatChunk {
  return piece(index, { id: `call_${index}`, function: { name, arguments: text } })
}

function go(index: number, text: string): ChatChunk {
  return piece(index, { function: { arguments: text } })
}

async function stream(chunks: ChatChunk[], body: object = {}, finish: FinishReason = 'stop') {
  const encoder = (await ask(body)).encoder()
  const told = [...chunks, chunkOf({}, finish)].map((chunk) => encoder.chunks([chunk]))
  return { read: readResponses(told.join('') + encoder.done()), told }
}

async function whole(name: string, text: string): Promise<Fields[]> {
  return told(await ask({}), name, text)
}

/** The output of a whole answer with one call. */
function told(conversation: TranslatedRequest, name: string, text: string, content = ''): Fields[] {
  const call = { id: 'c', type: 'function', function: { name, arguments: text } }
  const completion = {
    id: 'c',
    object: 'chat.completion',
    created: 1,
    model: 'm',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content, refusal: null, tool_calls: [call] },
        logprobs: null,
        finish_reason: 'tool_calls',
      },
    ],
  }
  const response = conversation.answer(completion as unknown as ChatCompletion)
  return (response as { output: Fields[] }).output
}

/** What became of the items, in order: `added 0`, `done 0`, … */
function order({ events }: ResponsesRead): string[] {
  return events.flatMap(({ type, output_index }) => {
    const [, what] = /^response\.output_item\.(added|done)$/.exec(type) ?? []
    return what ? [`${what} ${output_index}`] : []
  })
}

const outputOf = (read: ResponsesRead) => (read.response as { output: Fields[] }).output

describe('one item at a time is open', () => {
  it('where the pieces of calls alternate, and nothing of them is lost', async () => {
    const { read } = await stream([
      begin(0, 'f', '{"x"'),
      begin(1, 'f', '{'),
      go(0, ':1'),
      go(1, '"y":2'),
      go(0, '}'),
      go(1, '}'),
    ])
    expect(read.problems).toEqual([])
    expect(order(read)).toEqual(['added 0', 'done 0', 'added 1', 'done 1'])
    expect(read.calls).toEqual([
      { call_id: 'call_0', name: 'f', arguments: '{"x":1}' },
      { call_id: 'call_1', name: 'f', arguments: '{"y":2}' },
    ])
  })

  it('where the second begins, once the first is whole', async () => {
    const { told } = await stream([begin(0, 'f', '{}'), begin(1, 'f'), go(1, '{}')])
    expect(told[1]).toContain('response.output_item.done')
    expect(told[1]).toContain('"output_index":1')
    expect(told[2]).toContain('function_call_arguments.delta')
  })

  it('where a text comes amid a call', async () => {
    const { read } = await stream([
      begin(0, 'f', '{"x"'),
      chunkOf({ content: 'Wait' }),
      chunkOf({ content: ' a bit.' }),
      go(0, ':1}'),
      chunkOf({ refusal: 'No.' }),
    ])
    expect(read.problems).toEqual([])
    expect(read).toMatchObject({ text: 'Wait a bit.', refusal: 'No.' })
    expect(order(read)).toEqual(['added 0', 'done 0', 'added 1', 'done 1'])
  })

  it('where a call is never whole', async () => {
    const { read } = await stream([begin(0, 'f', '{"x"'), begin(1, 'f', '{}')], {}, 'length')
    expect(read.problems).toEqual([])
    expect(outputOf(read)).toMatchObject([
      { arguments: '{"x"', status: 'incomplete' },
      { arguments: '{}', status: 'incomplete' },
    ])
  })

  it('fails where arguments come after they were whole', async () => {
    const chunks = [begin(0, 'f', '{}'), begin(1, 'f', '{}'), go(0, '{}')]
    await expect(stream(chunks)).rejects.toMatchObject({ status: 502, code: 'engine_invalid' })
  })
})

describe('a call of a custom tool', () => {
  it('is told as one, its input as it comes', async () => {
    const { read, told } = await stream([
      begin(0, 'apply_patch', '{"in'),
      go(0, 'put":"*** Begin'),
      go(0, ' Patch\\'),
      go(0, 'n"}'),
    ])
    expect(read.problems).toEqual([])
    expect(told[1]).toContain('"delta":"*** Begin"')
    expect(outputOf(read)).toEqual([
      {
        type: 'custom_tool_call',
        id: expect.stringMatching(/^ctc_/),
        call_id: 'call_0',
        name: 'apply_patch',
        input: '*** Begin Patch\n',
        status: 'completed',
      },
    ])
    const types = read.events.map(({ type }) => type.replace('response.custom_tool_call_', ''))
    expect(types.slice(3, -2)).toEqual(['input.delta', 'input.delta', 'input.delta', 'input.done'])
  })

  it('is told whole', async () => {
    const [item] = await whole('apply_patch', '{"input":"x"}')
    expect(item).toMatchObject({ type: 'custom_tool_call', name: 'apply_patch', input: 'x' })
  })

  it('may be cut off', async () => {
    const { read } = await stream([begin(0, 'apply_patch', '{"input":"*** Be')], {}, 'length')
    expect(read.problems).toEqual([])
    expect(outputOf(read)).toMatchObject([{ input: '*** Be', status: 'incomplete' }])
  })
})

describe('a call of another tool', () => {
  it('has the two names that the tool has in its namespace', async () => {
    const { read } = await stream([begin(0, 'mcp__create', '{}')])
    expect(read.problems).toEqual([])
    const call = { type: 'function_call', name: 'create', namespace: 'mcp', arguments: '{}' }
    expect(outputOf(read)).toMatchObject([call])
    expect(await whole('mcp__create', '{}')).toMatchObject([call])
  })

  it('is known where the tool is held back until it is found', async () => {
    const late = { type: 'function', name: 'late', defer_loading: true }
    const body = { tools: [tools[3], { type: 'namespace', name: 'mcp', tools: [late] }] }
    const { read } = await stream([begin(0, 'mcp__late', '{}')], body)
    expect(outputOf(read)).toMatchObject([{ name: 'late', namespace: 'mcp' }])
  })

  it.each<[string, string, object]>([
    [
      'local_shell',
      '{"command":["ls"],"timeout_ms":9}',
      {
        type: 'local_shell_call',
        action: { type: 'exec', command: ['ls'], env: {}, timeout_ms: 9 },
      },
    ],
    [
      'local_shell',
      '{"command":"ls -l"}',
      { action: { type: 'exec', command: ['bash', '-lc', 'ls -l'], env: {} } },
    ],
    [
      'shell',
      '{"commands":["ls"]}',
      {
        type: 'shell_call',
        action: { commands: ['ls'], timeout_ms: null, max_output_length: null },
      },
    ],
    [
      'tool_search',
      '{"query":"q"}',
      { type: 'tool_search_call', execution: 'client', arguments: { query: 'q' } },
    ],
  ])('is the item that the client expects: %s %s', async (name, text, item) => {
    const told = { call_id: 'call_0', status: 'completed', ...item }
    const { read } = await stream([begin(0, name), go(0, text)])
    expect(read.problems).toEqual([])
    expect(outputOf(read)).toMatchObject([told])
    expect(await whole(name, text)).toMatchObject([item])
  })

  it('fails where its arguments are of no use, and is left out where they were cut', async () => {
    const failure = { status: 502, code: 'engine_invalid' }
    for (const text of ['{"commands":7}', '{"comma']) {
      await expect(stream([begin(0, 'shell', text)])).rejects.toMatchObject(failure)
    }
    const { read } = await stream([begin(0, 'shell', '{"comma')], {}, 'length')
    expect(read.problems).toEqual([])
    expect(outputOf(read)).toEqual([])
  })

  it('is told as if nothing had come before, where an answer of no use was asked for again', async () => {
    const conversation = await ask({})
    expect(() => told(conversation, 'shell', '{"commands":7}', 'Look.')).toThrow('do not match')
    expect(told(conversation, 'shell', '{"commands":["ls"]}', 'Look.')).toMatchObject([
      { type: 'message', content: [{ text: 'Look.' }] },
      { type: 'shell_call', action: { commands: ['ls'] } },
    ])
  })

  it('is a function’s where no such tool was declared', async () => {
    const { read } = await stream([begin(0, 'other', '{}')])
    expect(outputOf(read)).toMatchObject([{ type: 'function_call', name: 'other' }])
  })
})

describe('a summary that was asked for', () => {
  const input = [{ role: 'user', content: 'Go.' }, { type: 'compaction_trigger' }]

  it('is one item that carries it', async () => {
    const said = [chunkOf({ content: 'All ' }), chunkOf({ content: 'is well.' })]
    const { read } = await stream(said, { input })
    expect(read.problems).toEqual([])
    const [item, ...others] = outputOf(read)
    expect(others).toEqual([])
    expect(item).toMatchObject({ type: 'compaction', id: expect.stringMatching(/^cmp_/) })
    expect(fromEncryptedContent(`${item?.encrypted_content}`, 'here')).toBe('All is well.')
  })

  it('fails where none was written', async () => {
    const failing = stream([begin(0, 'f', '{}')], { input })
    await expect(failing).rejects.toMatchObject({ status: 502, code: 'engine_invalid' })
  })
})
