/** In what forms something is asked for, one after the other, as far as the upstream refuses them. */
import type { StreamOptions } from '../../wire/chat/request.ts'

/** What an upstream is asked to generate, in any API. */
export interface GenerationRequest {
  model?: string | null
  stream?: boolean | null
  stream_options?: StreamOptions | null
  [field: string]: unknown
}

/** The forms of one request; all but the last may be refused. */
export interface RequestVariants {
  variants: [GenerationRequest, ...GenerationRequest[]]
  /** The form at this place was accepted: what those before it had more is not asked for again. */
  accepted(place: number): void
}

/** How many sets of optionalFields are remembered as refused. */
const MAX_REMEMBERED = 100

/** What one upstream is known to refuse of one API. */
export class RefusedFields {
  usage = false
  readonly #optionalFields = new Set<string>()

  /**
   * With usage, unless the client asks for it, and all that is wished for; then without the optionalFields;
   * and then without usage too.
   */
  variantsOf(request: GenerationRequest, optionalFields: readonly string[]): RequestVariants {
    const [bare, wished] = splitFields(request, optionalFields)
    const asksUsage = request.stream === true && !this.usage && !wantsUsage(bare)
    const stream_options = { ...request.stream_options, include_usage: true }
    const plain = asksUsage ? { ...bare, stream_options } : bare
    const wish = JSON.stringify(wished)
    const isWished = wish !== '{}' && !this.#optionalFields.has(wish)
    const first = isWished ? { ...plain, ...wished } : plain
    const rest = [...(isWished ? [plain] : []), ...(asksUsage ? [bare] : [])]
    return {
      variants: [first, ...rest],
      accepted: (place) => {
        if (place === 0) return
        if (isWished && this.#optionalFields.size < MAX_REMEMBERED) this.#optionalFields.add(wish)
        if (asksUsage && place === rest.length) this.usage = true
      },
    }
  }
}

/** A request without certain fields, and these; usage is asked for anyway. */
function splitFields(
  request: GenerationRequest,
  names: readonly string[],
): [GenerationRequest, Record<string, unknown>] {
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

export function wantsUsage(request: GenerationRequest): boolean {
  return Boolean(request.stream_options?.include_usage)
}
