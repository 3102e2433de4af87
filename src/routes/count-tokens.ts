import { tokenCountCall } from '../dialects/messages/native.ts'
import type { Engine } from '../engines/engine.ts'
import { requireItemLimits } from '../guard/size.ts'
import { ApiError } from '../wire/errors/api-error.ts'
import type { TokenCountCall } from '../wire/native.ts'
import { callOptionsOf } from './ask-chat.ts'
import { type Generation, generate } from './generate.ts'

/**
 * `POST /v1/messages/count_tokens`: counted by the engine's own tokenizer, never estimated. Rejects
 * with an `ApiError` (501) where the engine offers none.
 */
export const countMessageTokens = generate((body, { request, context }) => {
  const prompt = tokenCountCall(body, request.headers, request.url)
  requireItemLimits(body, context.settings)
  return counting(prompt, (input_tokens) => ({ input_tokens }))
})

/** Counts a prompt by the engine that serves its model. `told`: the answer with the count. */
export function counting(prompt: TokenCountCall, told: (tokens: number) => object): Generation {
  return {
    model: prompt.native.body.model,
    // Counting uses no tokens.
    use: { answers: 0 },
    canAnswer,
    begin: (exchange) => ({
      async json({ engine, model }, signal) {
        const tokens = await engine.countTokens?.(prompt, model, signal, callOptionsOf(exchange))
        signal.throwIfAborted()
        if (tokens === undefined) throw unable(engine.label)
        return { json: JSON.stringify(told(tokens)) }
      },
    }),
  }
}

function canAnswer(engine: Engine): boolean {
  return engine.countTokens !== undefined
}

function unable(label: string): ApiError {
  const message = `model: ${label} cannot count tokens, and sluice does not estimate them; ask a model whose server can.`
  return new ApiError(501, message, { code: 'not_supported' })
}
