/** Translates the parts of a Responses item to parts of a chat message. */
import { quoted } from '../../util/safe/quoted.ts'
import type { ContentPart } from '../../wire/chat/request.ts'
import { badRequest } from '../../wire/errors/api-error.ts'
import type { ResponsePart } from '../../wire/responses/request.ts'

/** The text and the refusal of an assistant message. */
export function assistantContent(
  parts: ResponsePart[],
  at: string,
): { text: string; refusal: string } {
  let text = ''
  let refusal = ''
  for (const [index, part] of parts.entries()) {
    if (part.type === 'refusal') refusal += part.refusal
    else if (part.type === 'output_text' || part.type === 'input_text') text += part.text
    else throw unknownType(part, `${at}[${index}]`, ['output_text', 'refusal'])
  }
  return { text, refusal }
}

/** A single text becomes a string, which every server accepts. */
export function toContent(content: string | ResponsePart[], at: string): string | ContentPart[] {
  const parts = toParts(content, at)
  const [first] = parts
  if (first === undefined) return ''
  return parts.length === 1 && first.type === 'text' ? (first.text as string) : parts
}

export function toParts(content: string | ResponsePart[], at: string): ContentPart[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }]
  return content.map((part, index) => toPart(part, `${at}[${index}]`))
}

/** A Fernet token, which is how providers encrypt content. */
const FERNET = /^gAAAA[\w-]{40,}={0,2}$/

/** The text of a part; empty if it is encrypted or not text. */
export function readableText({ text, encrypted_content: encrypted }: ResponsePart): string[] {
  if (typeof text === 'string') return [text]
  return typeof encrypted === 'string' && !FERNET.test(encrypted) ? [encrypted] : []
}

function toPart(part: ResponsePart, at: string): ContentPart {
  switch (part.type) {
    case 'input_text':
    case 'output_text':
      return { type: 'text', text: part.text as string }
    case 'input_image':
      return toImage(part, at)
    case 'input_file':
      return toFile(part, at)
    case 'input_audio':
      return { type: 'input_audio', input_audio: part.input_audio }
    default:
      throw unknownType(part, at, ['input_text', 'input_image', 'input_file', 'input_audio'])
  }
}

function toImage({ image_url, file_id, detail }: ResponsePart, at: string): ContentPart {
  const field = `${at}.image_url`
  if (typeof image_url !== 'string') {
    const came = file_id == null ? 'none' : 'a file_id'
    const message = `${field}: expected a URL, got ${came}; sluice stores no files, so send the image as a data: or https: URL.`
    throw badRequest(message, field)
  }
  return { type: 'image_url', image_url: { url: image_url, ...(detail != null && { detail }) } }
}

function toFile({ file_data, file_id, filename }: ResponsePart, at: string): ContentPart {
  const field = `${at}.file_data`
  if (typeof file_data !== 'string') {
    const came = file_id == null ? 'none' : 'a file_id'
    const message = `${field}: expected the file's data as base64, got ${came}; sluice neither fetches nor stores files, so send the data itself.`
    throw badRequest(message, field)
  }
  return { type: 'file', file: { file_data, ...(filename != null && { filename }) } }
}

function unknownType({ type }: { type: string }, at: string, known: string[]) {
  const expected = known.map((type) => JSON.stringify(type)).join(', ')
  const came = quoted(type, 40)
  const message = `${at}.type: expected one of ${expected}, got ${came}; remove this part or send it as one of these.`
  return badRequest(message, `${at}.type`)
}
