/** In what forms a chat is asked for, one after the other, as far as the upstream refuses them. */
import type { ChatRequest } from '../wire/chat.ts'

export interface Tries {
  /** All but the last may be refused. */
  tries: ChatRequest[]
  /** Whether usage is asked for on our own. */
  asksUsage: boolean
}

/** With usage, unless the client asks for it, and all that is wished for; then with less of both. */
export function triesOf(
  request: ChatRequest,
  wishes: readonly string[],
  takesUsage: boolean,
): Tries {
  const [bare, wished] = parted(request, wishes)
  const asksUsage = request.stream === true && takesUsage && !wantsUsage(bare)
  const stream_options = { ...request.stream_options, include_usage: true }
  const usage = asksUsage ? { stream_options } : {}
  const tries = [{ ...bare, ...usage, ...wished }]
  if (Object.keys(wished).length > 0) tries.push({ ...bare, ...usage })
  if (asksUsage) tries.push(bare)
  return { tries, asksUsage }
}

/** A request without certain fields, and these; usage is asked for anyway. */
function parted(
  request: ChatRequest,
  names: readonly string[],
): [ChatRequest, Record<string, unknown>] {
  if (names.length === 0) return [request, {}]
  const rest = { ...request }
  const taken: Record<string, unknown> = {}
  for (const name of names) {
    if (rest[name] === undefined) continue
    if (name !== 'stream_options') taken[name] = rest[name]
    delete rest[name]
  }
  return [rest, taken]
}

export function wantsUsage(request: ChatRequest): boolean {
  return Boolean(request.stream_options?.include_usage)
}
