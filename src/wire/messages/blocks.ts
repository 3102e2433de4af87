/**
 * The content blocks of a Messages request. Blocks of an unknown type pass: an engine that serves this
 * API itself may know them.
 */
import * as z from 'zod/mini'
import { tagged } from '../chat/message.ts'
import { dictionary } from '../chat/request.ts'
import { flag, text } from '../validation/fields.ts'

export interface TextBlock {
  type: 'text'
  text: string
  [field: string]: unknown
}

export type Source =
  | { type: 'base64'; media_type: string; data: string }
  | { type: 'url'; url: string }
  | { type: 'text'; data: string }
  | { type: 'content'; content: string | Block[] }
  | { type: 'file'; file_id: string }

export interface ImageBlock {
  type: 'image'
  source: Source
  [field: string]: unknown
}

export interface DocumentBlock {
  type: 'document'
  source: Source
  title?: string | null
  context?: string | null
  citations?: { enabled?: boolean | null } | null
  [field: string]: unknown
}

export interface SearchResultBlock {
  type: 'search_result'
  source: string
  title: string
  content: TextBlock[]
  citations?: { enabled?: boolean | null } | null
  [field: string]: unknown
}

export interface ThinkingBlock {
  type: 'thinking'
  thinking: string
  signature?: string | null
}

export interface RedactedThinkingBlock {
  type: 'redacted_thinking'
  data: string
}

export interface ToolUseBlock {
  type: 'tool_use'
  id: string
  name: string
  input: Record<string, unknown>
  [field: string]: unknown
}

export interface ToolResultBlock {
  type: 'tool_result'
  tool_use_id: string
  content?: string | Block[] | null
  is_error?: boolean | null
  [field: string]: unknown
}

/** A tool that a search has found. */
export interface ToolReferenceBlock {
  type: 'tool_reference'
  tool_name: string
  [field: string]: unknown
}

export type Block =
  | TextBlock
  | ImageBlock
  | DocumentBlock
  | SearchResultBlock
  | ThinkingBlock
  | RedactedThinkingBlock
  | ToolUseBlock
  | ToolResultBlock
  | ToolReferenceBlock

export const TextBlockSchema = z.looseObject({ type: z.literal('text'), text: z.string() })

const base64 = z.looseObject({
  type: z.literal('base64'),
  media_type: z.string(),
  data: z.string(),
})
const url = z.looseObject({ type: z.literal('url'), url: z.string() })
const file = z.looseObject({ type: z.literal('file'), file_id: z.string() })

const image = z.looseObject({
  type: z.literal('image'),
  source: z.discriminatedUnion('type', [base64, url, file]),
})

const citations = z.nullish(z.looseObject({ enabled: flag }))

const document = z.looseObject({
  type: z.literal('document'),
  source: z.discriminatedUnion('type', [
    base64,
    url,
    file,
    z.looseObject({ type: z.literal('text'), data: z.string() }),
    z.looseObject({
      type: z.literal('content'),
      content: z.union([z.string(), z.array(tagged(TextBlockSchema, image))]),
    }),
  ]),
  title: text,
  context: text,
  citations,
})

const searchResult = z.looseObject({
  type: z.literal('search_result'),
  source: z.string(),
  title: z.string(),
  content: z.array(TextBlockSchema),
  citations,
})

const toolReference = z.looseObject({ type: z.literal('tool_reference'), tool_name: z.string() })

const toolResult = z.looseObject({
  type: z.literal('tool_result'),
  tool_use_id: z.string(),
  content: z.nullish(
    z.union([
      z.string(),
      z.array(tagged(TextBlockSchema, image, document, searchResult, toolReference)),
    ]),
  ),
  is_error: flag,
})

export const BlockSchema = tagged(
  TextBlockSchema,
  image,
  document,
  searchResult,
  z.looseObject({ type: z.literal('thinking'), thinking: z.string(), signature: text }),
  z.looseObject({ type: z.literal('redacted_thinking'), data: z.string() }),
  z.looseObject({
    type: z.literal('tool_use'),
    id: z.string(),
    name: z.string(),
    input: dictionary,
  }),
  toolResult,
  toolReference,
)
