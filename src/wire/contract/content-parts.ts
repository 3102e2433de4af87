/**
 * `content` that came as an array of parts, as Mistral's reasoning models send it in streams and in
 * whole answers: `[{"type":"thinking","thinking":[{"type":"text","text":"…"}]}]`, then
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

/** The field for parts that are neither text nor thinking: their meaning is the client's to know. */
const OTHER_PARTS = 'content_parts'

/** The parts that bring text, and what each brings. */
const FIELDS: Record<string, keyof Texts> = {
  text: 'content',
  output_text: 'content',
  refusal: 'refusal',
  thinking: 'reasoning',
  reasoning: 'reasoning',
}

/**
 * Replaces parts by the strings that they stand for, in place: thinking goes to the field `name`.
 * `hasContent`: whether `content` must be there though no part brought any, as in a whole answer.
 * Returns whether there were parts; `wrong` completes "sent …".
 */
export function joinParts(
  spoken: ContentHolder,
  name: ReasoningName = 'reasoning_content',
  hasContent: boolean = false,
): boolean | { wrong: string } {
  const { content: parts } = spoken
  if (!Array.isArray(parts)) return false
  const texts: Texts = { content: '', refusal: '', reasoning: '' }
  const others: unknown[] = []
  for (const [at, part] of parts.entries()) {
    const isPart = typeof part === 'string' || (isObject(part) && typeof part.type === 'string')
    if (!isPart) {
      return { wrong: `content whose part ${at} is neither a text nor an object with a type` }
    }
    const found = textOf(part)
    if (found === undefined) others.push(part)
    else texts[found.field] += found.text
  }
  delete spoken.content
  if (texts.content !== '' || hasContent) spoken.content = texts.content || null
  append(spoken, 'refusal', texts.refusal)
  append(spoken, name, texts.reasoning)
  if (others.length > 0) spoken[OTHER_PARTS] = others
  return true
}

/** Undefined where the part brings something other than text. */
function textOf(part: unknown): { field: keyof Texts; text: string } | undefined {
  if (typeof part === 'string') return { field: 'content', text: part }
  if (!isObject(part)) return undefined
  const field = Object.hasOwn(FIELDS, String(part.type)) ? FIELDS[String(part.type)] : undefined
  // The text stands in the field that is called like the type, or in `text`.
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

function append(spoken: ContentHolder, field: string, text: string): void {
  if (text === '') return
  const before = spoken[field]
  spoken[field] = typeof before === 'string' ? before + text : text
}
