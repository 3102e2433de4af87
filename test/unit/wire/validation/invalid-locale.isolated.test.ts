import { afterEach, describe, expect, it } from 'vitest'
import * as zod from 'zod'
import * as z from 'zod/mini'
import { requireChat } from '../../../../src/wire/chat/known-fields.ts'
import { parseMessagesRequest } from '../../../../src/wire/messages/request.ts'
import { parseResponsesRequest } from '../../../../src/wire/responses/request.ts'

function messageOf(check: () => unknown): string {
  try {
    check()
  } catch (error) {
    return (error as Error).message
  }
  return 'accepted'
}

/** zod's configuration is one for a whole program: importing `zod` sets its English words. */
describe('the message of a refused request, in a program that uses zod itself', () => {
  afterEach(() => void z.config(zod.locales.en()))

  it.each([
    ['English words', () => z.config(zod.locales.en())],
    ['German words', () => z.config(zod.locales.de())],
    ['words of its own', () => z.config({ customError: () => 'Nope' })],
  ])('is ours beside %s', (_, configure) => {
    configure()
    const chat = { messages: [{ role: 'user', content: 'hi' }], stream: 'yes' }
    expect(messageOf(() => requireChat([] as never))).toBe(
      'body: expected an object, got an empty array.',
    )
    expect(messageOf(() => requireChat(chat as never))).toBe(
      'stream: expected true or false, got "yes" (string).',
    )
    const message = { model: 'm', max_tokens: 1, ...chat }
    expect(messageOf(() => parseMessagesRequest(message))).toBe(
      'stream: expected true or false, got "yes" (string).',
    )
    expect(messageOf(() => parseResponsesRequest({ input: 'x', stream: 'yes' }))).toBe(
      'stream: expected true or false, got "yes" (string).',
    )
  })
})
