/** Translates blocks of a Messages request to parts of chat messages. */
import { quoted } from '../../util/safe/quoted.ts'
import type { ContentPart } from '../../wire/chat/request.ts'
import { badRequest } from '../../wire/errors/api-error.ts'
import type {
  Block,
  DocumentBlock,
  ImageBlock,
  SearchResultBlock,
} from '../../wire/messages/request.ts'
import { ruleFor } from '../tools/rule.ts'
import { USER_BLOCKS } from './rules.ts'

/** The parts for a block; `at` is its path in the request. Throws an `ApiError` (400). */
export function partsOf(block: Block, at: string): ContentPart[] {
  if (ruleFor(USER_BLOCKS, block).handling === 'refused') throw unknownBlock(block, at)
  switch (block.type) {
    case 'text':
      return [{ type: 'text', text: block.text }]
    case 'image':
      return [imagePart(block, at)]
    case 'document':
      return documentParts(block, at)
    case 'search_result':
      return [searchPart(block, at)]
    case 'tool_reference':
      return [{ type: 'text', text: `The tool ${block.tool_name} can be called now.` }]
    default:
      throw unknownBlock(block, at)
  }
}

function unknownBlock({ type }: { type: string }, at: string) {
  const message = `${at}: expected a block type that a chat request supports, such as text, image or document, got ${quoted(type, 40)}; remove this block.`
  return badRequest(message, at)
}

/** A single text becomes a string, because not every server accepts parts. */
export function contentOf(parts: ContentPart[]): string | ContentPart[] {
  const [only] = parts
  if (only === undefined) return ''
  return parts.length === 1 && only.type === 'text' ? (only.text as string) : parts
}

function imagePart({ source }: ImageBlock, at: string): ContentPart {
  if (source.type === 'url') return { type: 'image_url', image_url: { url: source.url } }
  if (source.type !== 'base64') throw noFiles(`${at}.source`)
  const url = `data:${source.media_type};base64,${source.data}`
  return { type: 'image_url', image_url: { url } }
}

/** Title and context precede the text as separate paragraphs. */
function documentParts({ source, title, context, citations }: DocumentBlock, at: string) {
  if (citations?.enabled) throw noCitations(at)
  const about = [title, context]
    .filter(Boolean)
    .map((text) => ({ type: 'text', text: `${text}\n\n` }))
  return [...about, ...sourceParts(source, title, `${at}.source`)] as ContentPart[]
}

function sourceParts(
  source: DocumentBlock['source'],
  title: string | null | undefined,
  at: string,
): ContentPart[] {
  if (source.type === 'text') return [{ type: 'text', text: source.data }]
  if (source.type === 'content') {
    if (typeof source.content === 'string') return [{ type: 'text', text: source.content }]
    return source.content.flatMap((block, index) => partsOf(block, `${at}.content[${index}]`))
  }
  if (source.type === 'base64') {
    const file_data = `data:${source.media_type};base64,${source.data}`
    return [{ type: 'file', file: { filename: title || 'document', file_data } }]
  }
  if (source.type === 'file') throw noFiles(at)
  throw badRequest(
    `${at}: expected the document's text or data, got a URL; sluice does not fetch documents, so send the content itself.`,
    at,
  )
}

function searchPart({ title, source, content, citations }: SearchResultBlock, at: string) {
  if (citations?.enabled) throw noCitations(at)
  const text = [title, source, ...content.map((block) => block.text)].join('\n')
  return { type: 'text', text }
}

function noFiles(at: string) {
  return badRequest(
    `${at}: expected the data itself, got a file_id; sluice has no Files API, so send the data as base64.`,
    at,
  )
}

function noCitations(at: string) {
  const path = `${at}.citations`
  return badRequest(
    `${path}: expected citations to be disabled, got enabled; a chat request has no citations, so remove this field.`,
    path,
  )
}
