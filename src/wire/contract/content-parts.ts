/**
 * `content` as an array of parts, as Mistral's reasoning models send it, streamed or not: `[{"type":"thinking","thinking":[{"type":"text","text":"…"}]}]`, then
 * `[{"type":"text","text":"…"}]`. OpenAI's clients expect one string there.
 */
import { isObject } from '../../util/object.ts'
import type { ReasoningName } from './think.ts'

/** A stream's delta, or the message of a whole answer. */
interface ContentHolder {
  content?: unknown
  [field: string]: unknown
}

interface Texts {
  content: string
  refusal: string
  reasoning: string
}

/** The field for parts that are neither text nor thinking, which a client may know. */
const OTHER_PARTS = 'content_parts'

/** The field for the text of each type of part. */
const FIELDS: Record<string, keyof Texts> = {
  text: 'content',
  output_text: 'content',
  refusal: 'refusal',
  thinking: 'reasoning',
  reasoning: 'reasoning',
}

/**
 * Joins parts to strings, in place: thinking goes to the field `name`. `hasContent`: whether `content`
 * must exist although no part has text, as in an answer without streaming. Returns whether there were
 * parts; `problem` completes "sent …".
 */
export function joinParts(
  holder: ContentHolder,
  name: ReasoningName = 'reasoning_content',
  hasContent: boolean = false,
): boolean | { problem: string } {
  const { content: parts } = holder
  if (!Array.isArray(parts)) return false
  const texts: Texts = { content: '', refusal: '', reasoning: '' }
  const others: unknown[] = []
  for (const [at, part] of parts.entries()) {
    const isPart = typeof part === 'string' || (isObject(part) && typeof part.type === 'string')
    if (!isPart) {
      return { problem: `content whose part ${at} is neither a text nor an object with a type` }
    }
    const found = textOf(part)
    if (found === undefined) others.push(part)
    else texts[found.field] += found.text
  }
  delete holder.content
  if (texts.content !== '' || hasContent) holder.content = texts.content || null
  append(holder, 'refusal', texts.refusal)
  append(holder, name, texts.reasoning)
  if (others.length > 0) holder[OTHER_PARTS] = others
  return true
}

/** Undefined if the part is not text. */
function textOf(part: unknown): { field: keyof Texts; text: string } | undefined {
  if (typeof part === 'string') return { field: 'content', text: part }
  if (!isObject(part)) return undefined
  const field = Object.hasOwn(FIELDS, String(part.type)) ? FIELDS[String(part.type)] : undefined
  // The text is in the field with the name of the type, or in `text`.
  const text = plainText(part[String(part.type)] ?? part.text)
  return field === undefined || text === undefined ? undefined : { field, text }
}

/** A text, or a list of text parts. */
function plainText(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  if (!Array.isArray(value)) return undefined
  const texts = value.map((part) => (isObject(part) ? part.text : part))
  return texts.every((text) => typeof text === 'string') ? texts.join('') : undefined
}

function append(holder: ContentHolder, field: string, text: string): void {
  if (text === '') return
  const before = holder[field]
  holder[field] = typeof before === 'string' ? before + text : text
}
