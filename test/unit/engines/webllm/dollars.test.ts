// web-llm puts texts into its templates by `String.replace`, to which some dollars mean something.
import { expect, it } from 'vitest'
import { toMlcRequest } from '../../../../src/engines/webllm/chat-request.ts'
import { type ChatRequest, parseChatRequest } from '../../../../src/wire/chat/request.ts'
import { record } from '../../../support/mlc.ts'

function messagesFor(messages: object[], model = record) {
  return toMlcRequest(parseChatRequest({ messages }) as ChatRequest, model).request.messages
}

/** As web-llm fills in a template. */
const filled = (text: unknown) => '<a{text}b>'.replace('{text}', text as string)

const TEXTS = ['$$', '$&', '$`', "$'", '$$&', '$$$', 'kill $$ && echo "$1 $<a> $5"', '$']

it.each(TEXTS)('%s comes out of the templates as it was', (content) => {
  const roles = ['system', 'user', 'assistant', 'user']
  const sent = messagesFor(roles.map((role) => ({ role, content })))
  expect(sent.map((message) => filled(message.content))).toEqual(roles.map(() => `<a${content}b>`))
})

it('keeps the dollars of a text beside an image', () => {
  const image = { type: 'image_url', image_url: { url: 'data:image/png;base64,AA==' } }
  const content = [{ type: 'text', text: 'a $& b' }, image]
  const [sent] = messagesFor([{ role: 'user', content }], { ...record, model_type: 2 })
  expect(sent?.content).toContainEqual({ type: 'text', text: 'a $$& b' })
})
