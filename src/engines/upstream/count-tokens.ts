/** How many tokens a prompt has, by an upstream's own tokenizer. */
import type { Fetched } from '../../platform/fetch.ts'
import { isObject } from '../../util/object.ts'
import type { ChatRequest } from '../../wire/chat/request.ts'
import type { TokenCountCall } from '../../wire/native.ts'
import type { Engine } from '../engine.ts'
import { isJson, mediaType, readJson } from './json-body.ts'

/** Asks for JSON at a path below the API's root, or below the server's where it begins with `..`. */
export type Post = (
  path: string,
  body: object,
  headers?: Record<string, string>,
) => Promise<Fetched>

/** Statuses of what a server has not got. */
const MISSING_STATUSES = new Set([404, 405, 501])

/** Statuses with which a server refuses a prompt; llama-server answers 500 where a template does. */
const REFUSING_STATUSES = new Set([400, 422, 500])

/** Milliseconds for which a path that a server has not got is not asked for again. */
const MISSING_FOR = 60_000
/** How many are remembered; the names of models are the client's words. */
const MAX_REMEMBERED = 100

/** What a server was found not to have: Claude Code counts some 25 prompts at once. */
export class MissingPaths {
  readonly #until = new Map<string, number>()

  has(model: string | undefined, path: string): boolean {
    return performance.now() < (this.#until.get(keyOf(model, path)) ?? 0)
  }

  add(model: string | undefined, path: string): void {
    if (this.#until.size >= MAX_REMEMBERED) this.#until.clear()
    this.#until.set(keyOf(model, path), performance.now() + MISSING_FOR)
  }
}

function keyOf(model: string | undefined, path: string): string {
  return `${path.split('?')[0]} ${model ?? ''}`
}

/**
 * Asks in the ways that servers are known to have, one after the other: Anthropic's endpoint
 * (llama-server, vLLM), vLLM's `/tokenize` of a chat, llama-server's `/apply-template` and its
 * `/tokenize` of a text. Undefined where the upstream has none of them. Rejects with an `ApiError`.
 *
 * An upstream that is asked for chats gets its prompts in another form than Anthropic's endpoint does
 * (`systemMessages`), and may refuse that one alone: then its refusal counts only where no other way
 * tells a number.
 *
 * Sources: vLLM, vllm/entrypoints/anthropic/api_router.py and serve/tokenize/protocol.py; llama.cpp,
 * tools/server/README.md.
 */
export async function countByUpstream(
  { native, chat, nativeApis }: TokenCountCall & Pick<Engine, 'nativeApis'>,
  model: string | undefined,
  post: Post,
  label: string,
  accepted: (response: Fetched) => Promise<Fetched>,
  missing = new MissingPaths(),
): Promise<number | undefined> {
  let refusal: unknown
  const ask: PostJson = async (path, body, headers) => {
    if (missing.has(model, path)) return {}
    const response = await post(path, body, headers)
    const isThere = !MISSING_STATUSES.has(response.status)
    // Some answer any path with a page, or with 200 and an error.
    if (isThere && !response.ok) {
      const isFinal =
        nativeApis?.includes('messages') ||
        path !== native.path ||
        !REFUSING_STATUSES.has(response.status)
      try {
        await accepted(response)
      } catch (error) {
        if (isFinal) throw error
        refusal = error
        return {}
      }
    }
    if (!isThere || !isJson(mediaType(response))) {
      missing.add(model, path)
      await response.body?.cancel().catch(() => {})
      return {}
    }
    const { value } = await readJson(response, label)
    return isObject(value) ? value : {}
  }

  const named = model === undefined ? {} : { model }
  const counted = await ask(native.path, { ...native.body, ...named }, native.headers)
  if (isCount(counted.input_tokens)) return counted.input_tokens
  const tokens = await countChat(chat(), named, ask)
  if (tokens === undefined && refusal !== undefined) throw refusal
  return tokens
}

type PostJson = (
  path: string,
  body: object,
  headers?: Record<string, string>,
) => Promise<Record<string, unknown>>

async function countChat(
  { messages, tools }: ChatRequest,
  named: { model?: string },
  ask: PostJson,
): Promise<number | undefined> {
  // What is not text has tokens that no text tokenizer sees.
  if (!isText(messages)) return undefined
  const shared = { ...named, messages, ...(tools && { tools }) }
  const { count } = await ask('../tokenize', { ...shared, add_generation_prompt: true })
  if (isCount(count)) return count
  const { prompt } = await ask('../apply-template', shared)
  if (typeof prompt !== 'string') return undefined
  const { tokens } = await ask('../tokenize', { content: prompt, add_special: true })
  return Array.isArray(tokens) ? tokens.length : undefined
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0
}

function isText(messages: ChatRequest['messages']): boolean {
  return messages.every(({ content }) => {
    return !Array.isArray(content) || content.every(({ type }) => type === 'text')
  })
}
