import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ChatAccumulator } from '../../../../src/stream/chat-accumulator.ts'
import type { ChatChunk, ToolCallDelta } from '../../../../src/wire/chat/request.ts'
import { newCallId, repairToolCalls, ToolCalls } from '../../../../src/wire/contract/tool-calls.ts'

interface Planned {
  name: string
  pieces: string[]
}

/** How a server writes the pieces of its calls; each of these is some server's way. */
const styles = {
  right: ({ index }) => ({ index }),
  'no index': () => ({}),
  'all of index 0': () => ({ index: 0 }),
} satisfies Record<string, (at: { index: number }) => object>

type Style = keyof typeof styles

interface Way {
  style: Style
  hasIds: boolean
  repeats: boolean
  isParsed: boolean
}

const json = fc.jsonValue({ maxDepth: 1 }).map((value) => JSON.stringify({ value }))

const plan: fc.Arbitrary<Planned[]> = fc.array(
  fc.record({
    name: fc.constantFrom('look', 'listen'),
    pieces: fc.tuple(json, fc.nat(), fc.nat()).map(([text, a, b]) => {
      const [first = 0, second = 0] = [a % text.length, b % text.length].sort((x, y) => x - y)
      return [text.slice(0, first), text.slice(first, second), text.slice(second)]
    }),
  }),
  { minLength: 1, maxLength: 4 },
)

const way = fc.record({
  style: fc.constantFrom<Style>('right', 'no index', 'all of index 0'),
  hasIds: fc.boolean(),
  repeats: fc.boolean(),
  isParsed: fc.boolean(),
})

/** The deltas of a server that calls in this way, one after the other. */
function written(calls: Planned[], { style, hasIds, repeats, isParsed }: Way): ToolCallDelta[] {
  return calls.flatMap(({ name, pieces }, index) => {
    const says = isParsed ? [JSON.parse(pieces.join('')) as unknown] : pieces
    return says.map((text, at) => {
      const isNamed = at === 0 || repeats
      return {
        ...styles[style]({ index }),
        ...(hasIds && isNamed && { id: `call_${index}`, type: 'function' }),
        function: { ...(isNamed && { name }), arguments: text },
      } as ToolCallDelta
    })
  })
}

function folded(deltas: ToolCallDelta[]) {
  const fold = new ChatAccumulator()
  for (const call of deltas) {
    const choices = [{ index: 0, delta: { tool_calls: [call] }, finish_reason: null }]
    const chunk: ChatChunk = {
      ...{ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm' },
      choices,
    }
    fold.add(structuredClone(chunk))
  }
  return fold.completion().choices[0]?.message.tool_calls ?? []
}

describe('the tool calls of a stream', () => {
  it('are what the model called, in whatever way its server says so', () => {
    const property = fc.property(plan, way, (calls, how) => {
      const deltas = written(calls, how)
      const tools = new ToolCalls()
      for (const delta of deltas) tools.repair([delta])
      const whole = folded(deltas)
      expect(whole.map((call) => call.function)).toEqual(
        calls.map(({ name, pieces }) => ({ name, arguments: pieces.join('') })),
      )
      const ids = whole.map(({ id }) => id)
      expect(new Set(ids).size).toBe(calls.length)
      if (how.hasIds) expect(ids).toEqual(calls.map((_, index) => `call_${index}`))
      expect(deltas.map(({ index }) => index)).toEqual(
        deltas.map(({ index }) => index).sort((a, b) => a - b),
      )
    })
    fc.assert(property, { numRuns: 2_000 })
  })

  it('each have an id, a type and a name once, in their first piece', () => {
    const property = fc.property(plan, way, (calls, how) => {
      const deltas = written(calls, how)
      const tools = new ToolCalls()
      for (const delta of deltas) tools.repair([delta])
      const seen = new Set<number>()
      for (const { index, id, type, function: called } of deltas) {
        const isFirst = !seen.has(index)
        seen.add(index)
        expect(id !== undefined).toBe(isFirst)
        expect(type).toBe(isFirst ? 'function' : undefined)
        expect(called?.name !== undefined).toBe(isFirst)
      }
    })
    fc.assert(property, { numRuns: 1_000 })
  })

  it('that are right are left alone', () => {
    const calls = [{ name: 'look', pieces: ['{"a"', ':1', '}'] }]
    const deltas = written(calls, { style: 'right', hasIds: true, repeats: false, isParsed: false })
    const before = structuredClone(deltas)
    const tools = new ToolCalls()
    for (const delta of deltas) expect([...tools.repair([delta])]).toEqual([])
    expect(deltas).toEqual(before)
  })

  it('keep nulls and empty texts that say nothing', () => {
    const tools = new ToolCalls()
    const first = { index: 0, id: 'a', type: 'function', function: { name: 'f', arguments: '' } }
    expect([...tools.repair([first])]).toEqual([])
    const next = { index: 0, id: null, type: null, function: { name: null, arguments: '{}' } }
    expect([...tools.repair([next as unknown as ToolCallDelta])]).toEqual([])
    expect(next.id).toBeNull()
  })

  it('may be custom tools', () => {
    const tools = new ToolCalls()
    const pieces: ToolCallDelta[] = [
      { index: 0, custom: { name: 'sh', input: 'l' } },
      { index: 0, custom: { name: 'sh', input: 's' } },
    ]
    for (const piece of pieces) tools.repair([piece])
    expect(folded(pieces)).toMatchObject([{ type: 'custom', custom: { name: 'sh', input: 'ls' } }])
  })
})

describe('the tool calls of a whole answer', () => {
  it('can be answered, and have arguments as text', () => {
    const calls: Record<string, unknown>[] = [
      { function: { name: 'f', arguments: { a: 1 } } },
      { id: 'x', type: 'function', function: { name: 'g', arguments: '{}' } },
    ]
    expect(repairToolCalls(calls)).toBe(true)
    expect(calls[0]).toEqual({
      id: expect.stringMatching(/^call_\w{32}$/),
      type: 'function',
      function: { name: 'f', arguments: '{"a":1}' },
    })
    expect(repairToolCalls([calls[1]])).toBe(false)
    expect(repairToolCalls(null)).toBe(false)
  })

  it('have names that OpenAI would take', () => {
    expect(newCallId().length).toBeLessThanOrEqual(40)
    expect(newCallId()).not.toBe(newCallId())
  })
})
