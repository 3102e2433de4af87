/** The variants of a request that are tried while an upstream refuses its optional parts. */
import type { StreamOptions } from '../../wire/chat/request.ts'

/** A request to generate, in any API. */
export interface GenerationRequest {
  model?: string | null
  stream?: boolean | null
  stream_options?: StreamOptions | null
  [field: string]: unknown
}

/** The variants of one request, the complete one first. */
export interface RequestVariants {
  variants: [GenerationRequest, ...GenerationRequest[]]
  /** Records that the upstream refused all variants before this one: they are not sent again. */
  accepted(index: number): void
}

/** The most sets of optional fields remembered as refused. */
const MAX_REMEMBERED = 100

/** The optional parts that one upstream refuses at one path. */
export class RefusedFields {
  /** Whether it refuses to report usage. */
  usage = false
  readonly #optionalFields = new Set<string>()

  /**
   * First the request with its optional fields and, for a stream, with a request for usage, which
   * sluice's own accounting needs; then without the optional fields; then without usage as well.
   */
  variantsOf(request: GenerationRequest, optionalFields: readonly string[]): RequestVariants {
    const [required, optional] = splitFields(request, optionalFields)
    const addsUsage = request.stream === true && !this.usage && !wantsUsage(required)
    const stream_options = addsUsage && { ...request.stream_options, include_usage: true }
    const withUsage = stream_options ? { ...required, stream_options } : required
    const key = optionalFields.length === 0 ? '{}' : JSON.stringify(optional)
    const addsOptional = key !== '{}' && !this.#optionalFields.has(key)
    const complete = addsOptional ? { ...withUsage, ...optional } : withUsage
    const reduced = [...(addsOptional ? [withUsage] : []), ...(addsUsage ? [required] : [])]
    return {
      variants: [complete, ...reduced],
      accepted: (index) => {
        if (index === 0) return
        if (addsOptional && this.#optionalFields.size < MAX_REMEMBERED)
          this.#optionalFields.add(key)
        if (addsUsage && index === reduced.length) this.usage = true
      },
    }
  }
}

/**
 * Splits certain fields off a request. `stream_options` is only removed: usage is added separately.
 */
function splitFields(
  request: GenerationRequest,
  names: readonly string[],
): [GenerationRequest, Record<string, unknown>] {
  if (names.length === 0) return [request, {}]
  const required = { ...request }
  const optional: Record<string, unknown> = {}
  for (const name of names) {
    if (required[name] === undefined) continue
    if (name !== 'stream_options') optional[name] = required[name]
    delete required[name]
  }
  return [required, optional]
}

export function wantsUsage(request: GenerationRequest): boolean {
  return Boolean(request.stream_options?.include_usage)
}
