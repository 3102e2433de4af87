/** Where clients name the session that a request belongs to. */
import { isObject, parseObject } from '../util/object.ts'

/**
 * Request headers with the id of a session, the most deliberate first. What routers for inference servers
 * read comes before what only one client sends.
 */
export const SESSION_HEADERS = [
  // opencode sends it to providers of the user's own (its src/session/llm/request.ts), pi where the
  // provider has `sendSessionAffinityHeaders`; Cloudflare's Workers AI reads it (docs, prompt caching).
  'x-session-affinity',
  // vLLM's router (docs/load_balancing), vLLM's production stack by convention, opencode beside the first.
  'x-session-id',
  // The gateway of SGLang (docs/advanced_features/sgl_model_gateway.md), and NVIDIA Dynamo.
  'x-smg-routing-key',
  'x-dynamo-session-id',
  // Claude Code since 2.1.86 (its documentation of LLM gateways).
  'x-claude-code-session-id',
  // Codex; with an underscore in older versions (its codex-api/src/requests/headers.rs), and pi.
  'session-id',
  'session_id',
  'conversation_id',
  // opencode to its own gateway, and pi to the same.
  'x-opencode-session',
  // LiteLLM, for what it groups as one session.
  'x-litellm-session-id',
  // Amp.
  'x-amp-thread-id',
] as const

/**
 * Fields of a body with such an id. `prompt_cache_key`: OpenAI's Chat Completions and Responses, of which
 * Codex and pi make use; `session_id`: OpenRouter; `conversation`: Responses.
 */
const SESSION_FIELDS = ['prompt_cache_key', 'session_id', 'conversation'] as const

/** Ids are short; longer values are cut to bound the cost of hashing them. */
const MAX_LENGTH = 256

/** What the id stands behind in Claude Code before 2.1.78: `user_HASH_account_ID_session_UUID`. */
const FORMER_MARK = '_session_'

/** The id of the session that a request names; undefined where it names none. */
export function sessionIdOf(headers: Headers, body: object | undefined): string | undefined {
  for (const name of SESSION_HEADERS) {
    const id = headers.get(name)
    if (id) return id.slice(0, MAX_LENGTH)
  }
  return body === undefined ? undefined : sessionIdOfBody(body)
}

/** The id of the session that the fields of a body name. */
export function sessionIdOfBody(body: object): string | undefined {
  const fields = body as Record<string, unknown>
  for (const name of SESSION_FIELDS) {
    const given = fields[name]
    const id = isObject(given) ? given.id : given
    if (typeof id === 'string' && id !== '') return id.slice(0, MAX_LENGTH)
  }
  return isObject(fields.metadata) ? fromMetadata(fields.metadata) : undefined
}

/** Claude Code writes its session into `metadata.user_id`: as JSON since 2.1.78, at the end before. */
function fromMetadata({ session_id, user_id }: Record<string, unknown>): string | undefined {
  if (typeof session_id === 'string' && session_id !== '') return session_id.slice(0, MAX_LENGTH)
  if (typeof user_id !== 'string' || user_id.length > 2 * MAX_LENGTH) return undefined
  if (!user_id.startsWith('{')) {
    const at = user_id.lastIndexOf(FORMER_MARK)
    return at === -1 ? undefined : user_id.slice(at + FORMER_MARK.length) || undefined
  }
  const id = parseObject(user_id)?.session_id
  return typeof id === 'string' && id !== '' ? id.slice(0, MAX_LENGTH) : undefined
}
