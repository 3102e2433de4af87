// web-llm puts texts into its templates by `String.replace`, to which some dollars mean something.
import { describe, expect, it } from 'vitest'
import { toMlcRequest } from '../../../../src/engines/webllm/chat-request.ts'
import type { ModelRecord } from '../../../../src/engines/webllm/webllm.ts'
import { type ChatRequest, parseChatRequest } from '../../../../src/wire/chat/request.ts'
import { record } from '../../../support/mlc.ts'
import { webllmInsides } from '../../../support/webllm-insides.ts'

function messagesFor(messages: object[], model: ModelRecord = record) {
  return toMlcRequest(parseChatRequest({ messages }) as ChatRequest, model).request.messages
}

const TEXTS = ['$$', '$&', '$`', "$'", '$$&', '$$$', 'kill $$ && echo "$1 $<a> $5"', '$']

const ROLES = ['system', 'user', 'assistant', 'user'] as const

const conv_template = {
  system_template: '<s>{system_message}</s>',
  system_message: '',
  roles: { user: 'U', assistant: 'A', tool: 'T' },
  role_templates: {
    user: '<u>{user_message}</u>',
    assistant: '<a>{assistant_message}</a>',
    tool: '<t>{tool_message}</t>',
  },
  role_content_sep: ':',
  role_empty_sep: ':',
  seps: ['\n'],
  stop_str: [],
  stop_token_ids: [],
}

/** The prompt that web-llm makes of texts that were sent to a model. */
async function promptOf(content: string, model: ModelRecord): Promise<string> {
  const messages = messagesFor(
    ROLES.map((role) => ({ role, content })),
    model,
  )
  const { conversationOf } = await webllmInsides()
  const conversation = conversationOf({ messages }, { conv_template }, true)
  const parts = model.model_manifest
    ? conversation.getArtifactPromptSegments()
    : conversation.getPromptArray({})
  return parts.join('')
}

describe.each([
  ['a model', record],
  ['a model with a manifest', { ...record, model_manifest: 'mlc-model-manifest.json' }],
])('web-llm’s prompt for %s', (_, model) => {
  it.each(TEXTS)('has %s as it was sent', async (content) => {
    expect(await promptOf(content, model)).toBe(
      `<s>${content}</s>U:<u>${content}</u>\nA:<a>${content}</a>\nU:<u>${content}</u>\n`,
    )
  })
})

it('keeps the dollars of a text beside an image', () => {
  const image = { type: 'image_url', image_url: { url: 'data:image/png;base64,AA==' } }
  const content = [{ type: 'text', text: 'a $& b' }, image]
  const [sent] = messagesFor([{ role: 'user', content }], { ...record, model_type: 2 })
  expect(sent?.content).toContainEqual({ type: 'text', text: 'a $$& b' })
})
