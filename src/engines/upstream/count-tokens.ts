/** Counts the tokens of a prompt by an upstream's own tokenizer. */
import type { Fetched } from '../../platform/fetch.ts'
import { isObject } from '../../util/object.ts'
import type { ChatRequest } from '../../wire/chat/request.ts'
import type { TokenCountCall } from '../../wire/native.ts'
import { isTokenCount } from '../../wire/usage.ts'
import type { Engine } from '../engine.ts'
import { isJson, mediaType, readJson } from './json-body.ts'

/**
 * Posts JSON to a path below the API's root, or below the server's root where it begins with `..`.
 */
export type Post = (
  path: string,
  body: object,
  headers?: Record<string, string>,
) => Promise<Fetched>

/** Statuses for a path that a server does not have. */
const MISSING_STATUSES = new Set([404, 405, 501])

/** Statuses for a refused prompt; llama-server sends 500 where the chat template refuses it. */
const REFUSING_STATUSES = new Set([400, 422, 500])

/** Milliseconds for which a missing path is not requested again. */
const MISSING_FOR = 60_000
/** The most missing paths remembered: they include model names, which clients choose freely. */
const MAX_REMEMBERED = 100

/** Paths that a server lacks, remembered since Claude Code counts some 25 prompts at once. */
export class MissingPaths {
  readonly #until = new Map<string, number>()

  has(model: string | undefined, path: string): boolean {
    return performance.now() < (this.#until.get(keyOf(model, path)) ?? 0)
  }

  add(model: string | undefined, path: string): void {
    const [oldest] = this.#until.keys()
    if (this.#until.size >= MAX_REMEMBERED && oldest !== undefined) this.#until.delete(oldest)
    this.#until.set(keyOf(model, path), performance.now() + MISSING_FOR)
  }
}

function keyOf(model: string | undefined, path: string): string {
  return `${path.split('?')[0]} ${model ?? ''}`
}

/**
 * Tries the endpoints that servers are known to have: that of the client's API (Anthropic's is in
 * llama-server and vLLM), vLLM's `/tokenize` of a chat, then llama-server's `/apply-template` with its
 * `/tokenize` of a text. Resolves with undefined where the upstream has none of them. Rejects with an `ApiError`.
 *
 * An upstream that is used through its chat API gets its prompts in another form (`systemMessages`)
 * than Anthropic's endpoint does, and may refuse only the latter: that refusal counts if no other
 * endpoint returns a number.
 *
 * Sources: vLLM, vllm/entrypoints/anthropic/api_router.py and serve/tokenize/protocol.py;
 * llama.cpp, tools/server/README.md.
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
    const exists = !MISSING_STATUSES.has(response.status)
    // Some servers answer unknown paths with a page, or with 200 and an error: see `isJson` below.
    if (exists && !response.ok) {
      const isFinal =
        nativeApis?.includes(native.api) ||
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
    if (!exists || !isJson(mediaType(response))) {
      missing.add(model, path)
      await response.body?.cancel().catch(() => {})
      return {}
    }
    const { value } = await readJson(response, label)
    return isObject(value) ? value : {}
  }

  const modelField = model === undefined ? {} : { model }
  const counted = await ask(native.path, { ...native.body, ...modelField }, native.headers)
  if (isTokenCount(counted.input_tokens)) return counted.input_tokens
  const tokens = await countChat(chat(), modelField, ask)
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
  modelField: { model?: string },
  ask: PostJson,
): Promise<number | undefined> {
  // The tokens of images and audio are not counted by a text tokenizer.
  if (!isText(messages)) return undefined
  const shared = { ...modelField, messages, ...(tools && { tools }) }
  const { count } = await ask('../tokenize', { ...shared, add_generation_prompt: true })
  if (isTokenCount(count)) return count
  const { prompt } = await ask('../apply-template', shared)
  if (typeof prompt !== 'string') return undefined
  const { tokens } = await ask('../tokenize', { content: prompt, add_special: true })
  return Array.isArray(tokens) ? tokens.length : undefined
}

function isText(messages: ChatRequest['messages']): boolean {
  return messages.every(({ content }) => {
    return !Array.isArray(content) || content.every(({ type }) => type === 'text')
  })
}
