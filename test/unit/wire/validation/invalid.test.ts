import { describe, expect, it } from 'vitest'
import * as z from 'zod/mini'
import { requireChat } from '../../../../src/wire/chat/known-fields.ts'
import { checking, invalid } from '../../../../src/wire/validation/invalid.ts'

const messages = [{ role: 'user', content: 'hi' }]

function messageOf(body: unknown): string {
  try {
    requireChat(body as never)
  } catch (error) {
    return (error as Error).message
  }
  return 'accepted'
}

describe('the message of a refused request', () => {
  it.each<[unknown, string]>([
    [[1], 'body: expected an object, got an array.'],
    [null, 'body: expected an object, got null.'],
    ['x', 'body: expected an object, got "x" (string).'],
    [{}, 'messages: expected a non-empty array, got undefined (missing).'],
    [{ messages: [] }, 'messages: expected a non-empty array, got an empty array.'],
    [{ messages: {} }, 'messages: expected a non-empty array, got an object.'],
    [
      { messages: [{ role: 'usr', content: 'x' }] },
      'messages[0].role: expected one of "developer", "system", "user", "assistant", "tool", "function", got "usr".',
    ],
    [
      { messages: [{ role: 'user' }] },
      'messages[0].content: expected a string or an array, got undefined (missing).',
    ],
    [
      { messages: [{ role: 'user', content: [{ type: 'text', text: 3 }] }] },
      'messages[0].content[0].text: expected a string, got 3 (number).',
    ],
    [
      { messages: [{ role: 'user', content: [{ text: 'x' }] }] },
      'messages[0].content[0].type: expected a string, got undefined (missing).',
    ],
    [
      { messages, temperature: 'hot' },
      'temperature: expected a number from 0 to 2, got "hot" (string).',
    ],
    [{ messages, temperature: 3 }, 'temperature: expected a number from 0 to 2, got 3.'],
    [{ messages, n: 0.5 }, 'n: expected an integer from 1 to 128, got 0.5.'],
    [{ messages, max_tokens: -2 }, 'max_tokens: expected an integer of at least -1, got -2.'],
    [
      { messages, max_tokens: JSON.parse('1e400') },
      'max_tokens: expected an integer of at least -1, got Infinity.',
    ],
    [{ messages, stream: 'yes' }, 'stream: expected true or false, got "yes" (string).'],
    [{ messages, user: true }, 'user: expected a string, got true (boolean).'],
    [{ messages, stop: 3 }, 'stop: expected a string or an array, got 3 (number).'],
    [
      { messages, tool_choice: 'any' },
      'tool_choice: expected "none", "auto", "required" or an object, got "any".',
    ],
    [
      { messages, verbosity: 'loud' },
      'verbosity: expected one of "low", "medium", "high", got "loud".',
    ],
    [
      { messages, metadata: { 'a "b"': 1 } },
      'metadata["a \\"b\\""]: expected a string, got 1 (number).',
    ],
    [
      { messages, n: 0, top_p: 2, stream: 1 },
      'stream: expected true or false, got 1 (number); and 2 more.',
    ],
  ])('%j: %s', (body, message) => {
    expect(messageOf(body)).toBe(message)
  })

  it('never holds a whole text, image or key', () => {
    const long = 'abcdefghij'.repeat(100_000)
    expect(messageOf({ messages, verbosity: long })).toBe(
      `verbosity: expected one of "low", "medium", "high", got "${long.slice(0, 40)}…".`,
    )
    expect(messageOf({ messages, metadata: { [long]: 1 } })).toBe(
      `metadata["${long.slice(0, 40)}…"]: expected a string, got 1 (number).`,
    )
    expect(messageOf({ messages, verbosity: '\u0000'.repeat(1_000) }).length).toBeLessThan(120)
    expect(messageOf({ messages: [{ role: 'user', content: { image: long } }] })).toBe(
      'messages[0].content: expected a string or an array, got an object.',
    )
  })
})

describe('invalid', () => {
  function of(schema: z.ZodMiniType, input: unknown) {
    const all: typeof checking = { ...checking, abortEarly: false }
    const { error } = z.safeParse(schema, input, all)
    if (!error) throw new Error('the input is valid')
    return invalid(error.issues, input)
  }

  it('is a 400 whose param is the path', () => {
    const error = of(z.object({ a: z.array(z.string()) }), { a: ['x', 1] })
    expect(error.toJSON().error).toEqual({
      message: 'a[1]: expected a string, got 1 (number).',
      type: 'invalid_request_error',
      param: 'a[1]',
      code: 'invalid_value',
    })
  })

  it('counts the other issues', () => {
    const schema = z.object({ a: z.string(), b: z.string(), c: z.string() })
    expect(of(schema, {}).message).toBe(
      'a: expected a string, got undefined (missing); and 2 more.',
    )
  })

  it('follows the branch of a union that the tag chose, though another got as far', () => {
    const schema = z.union([
      z.object({ type: z.literal('a'), deep: z.object({ x: z.string() }) }),
      z.object({ type: z.literal('b'), y: z.string() }),
    ])
    expect(of(schema, { type: 'b' }).message).toBe('y: expected a string, got undefined (missing).')
    expect(of(schema, { type: 'a', deep: {} }).param).toBe('deep.x')
    expect(of(schema, { type: 'c' }).message).toBe('type: expected one of "a", "b", got "c".')
    expect(of(schema, 5).message).toBe('body: expected an object, got 5 (number).')
  })

  it('leaves a branch whose tag is wrong, wherever the tag stands among its fields', () => {
    const schema = z.union([
      z.object({ x: z.object({ y: z.string() }), type: z.literal('a') }),
      z.object({ z: z.string(), type: z.literal('b') }),
    ])
    expect(of(schema, { x: {}, type: 'b' }).param).toBe('z')
  })

  it('follows the deepest branch where there is no tag', () => {
    const schema = z.union([z.object({ a: z.string() }), z.object({ b: z.array(z.number()) })])
    expect(of(schema, { b: ['x'] }).message).toBe('b[0]: expected a number, got "x" (string).')
  })

  it('words what a schema leaves unsaid', () => {
    expect(of(z.number().check(z.gte(3)), 2).message).toBe(
      'body: expected at least 3, got 2 (number).',
    )
    expect(of(z.literal(7), 2).message).toBe('body: expected 7, got 2 (number).')
    expect(of(z.number(), () => 1).message).toBe('body: expected a number, got a function.')
  })
})
