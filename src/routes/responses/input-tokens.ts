import { tokenCountCall } from '../../dialects/responses/token-count.ts'
import { counting } from '../count-tokens.ts'
import { generate } from '../generate.ts'
import { readConversation } from './context.ts'

/**
 * `POST /v1/responses/input_tokens`: the tokens of a conversation, counted by the engine's own
 * tokenizer and never estimated. Rejects with an `ApiError` (501) where the engine offers none.
 */
export const countInputTokens = generate(async (body, { trace, context }) => {
  const { request, items } = await readConversation(body, trace, context)
  const prompt = tokenCountCall(request, items, context.settings.maxTools)
  return counting(prompt, (input_tokens) => ({ object: 'response.input_tokens', input_tokens }))
})
