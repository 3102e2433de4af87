/**
 * The state machine of a stream of Ollama's own API, from an Ollama upstream: lines of JSON, of which the
 * last has `done: true`. Nothing follows it; a stream that ends without it is an error, and so is a line
 * with an `error`. Unknown fields are passed on.
 */
import { isObject } from '../../util/object.ts'
import { utf8Length } from '../../util/utf8-length.ts'
import type { Usage } from '../chat/answer.ts'
import { EngineErrors } from '../errors/engine-errors.ts'
import { readError } from '../errors/reported-error.ts'
import type { NativeAnswer } from '../native.ts'
import { isTokenCount } from '../usage.ts'
import type { ContractOptions } from './chat.ts'
import type { ChunkAction, StreamContract, StreamEnd } from './contract.ts'

type Fields = Record<string, unknown>

/** Where the two routes have the text of an answer. */
export type OllamaRoute = 'chat' | 'generate'

export class OllamaContract implements StreamContract<{ type: string }> {
  /** The number of lines with content. */
  tokens = 0
  textLength = 0
  countsText = true
  usage: Usage | undefined
  finished = false
  isComplete = false
  readonly repaired = new Set<string>()
  readonly errors: EngineErrors
  readonly failure = undefined
  readonly missing: never[] = []
  readonly #route: OllamaRoute

  constructor(options: ContractOptions, route: OllamaRoute) {
    this.errors = new EngineErrors(options)
    this.#route = route
  }

  /** Not called: every line is parsed. */
  countProven(): void {}

  check(value: unknown): ChunkAction {
    const answer = requireAnswer(value, this.#route, this.errors)
    // Clients read its fields without asking whether it is there.
    const lacksMessage = this.#route === 'chat' && !isObject(answer.message)
    if (lacksMessage) {
      answer.message = { role: 'assistant', content: '' }
      this.repaired.add('delta')
    }
    const part = partOf(answer, this.#route)
    const texts = [part.content, part.response, part.thinking].filter(isText)
    if (texts.length > 0 || hasCalls(part)) this.tokens++
    if (this.countsText) for (const text of texts) this.textLength += utf8Length(text)
    if (hasCalls(part) && this.countsText) {
      this.textLength += utf8Length(JSON.stringify(part.tool_calls))
    }
    if (answer.done !== true) return lacksMessage ? 'changed' : 'same'
    this.isComplete = true
    this.usage = usageOf(answer)
    return lacksMessage ? 'last-changed' : 'last'
  }

  end(ending: StreamEnd): never[] {
    if (!this.isComplete) {
      const how = ending === 'reset' ? 'broke the connection' : 'ended the stream'
      throw this.errors.unfinished('truncated', `${how} before a line with done: true`)
    }
    this.finished = true
    return []
  }
}

/** Checks an answer that was not streamed. Throws an `ApiError`. */
export function checkOllamaAnswer(
  value: unknown,
  route: OllamaRoute,
  errors: EngineErrors,
): NativeAnswer {
  const answer = requireAnswer(value, route, errors)
  if (answer.done !== true) {
    throw errors.unfinished('incomplete', 'sent an answer without done: true')
  }
  const { model } = answer
  return { model: typeof model === 'string' ? model : '', usage: usageOf(answer), repaired: [] }
}

function requireAnswer(value: unknown, route: OllamaRoute, errors: EngineErrors): Fields {
  if (!isObject(value)) throw errors.invalid('sent a line that is not a JSON object')
  const error = readError(value)
  if (error !== undefined) throw errors.failed(error)
  if (route === 'chat' && value.message != null && !isObject(value.message)) {
    throw errors.invalid('sent a message that is not a JSON object')
  }
  const part = partOf(value, route)
  const field = route === 'chat' ? 'content' : 'response'
  // It is left out where there is nothing to say: with calls, at the end, and in a rendered prompt.
  if (part[field] !== undefined && part[field] !== null && typeof part[field] !== 'string') {
    throw errors.invalid(`sent a ${field} that is not a string`)
  }
  if (part.tool_calls != null && !Array.isArray(part.tool_calls)) {
    throw errors.invalid('sent tool_calls that are not a list')
  }
  if (typeof value.done !== 'boolean') throw errors.invalid('sent a line without done')
  return value
}

/** The fields with the text: those of the message, or of the answer itself. */
function partOf(answer: Fields, route: OllamaRoute): Fields {
  if (route === 'generate') return answer
  return isObject(answer.message) ? answer.message : {}
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

function hasCalls({ tool_calls: calls }: Fields): boolean {
  return Array.isArray(calls) && calls.length > 0
}

/** Undefined unless both counts are there: Ollama leaves out a count of 0. */
function usageOf({ prompt_eval_count: prompt, eval_count: answer }: Fields): Usage | undefined {
  if (!isTokenCount(prompt) || !isTokenCount(answer)) return undefined
  return { prompt_tokens: prompt, completion_tokens: answer, total_tokens: prompt + answer }
}
