/** How many tokens a prompt has, estimated before an engine counts them. */
import { isObject } from '../util/object.ts'
import { finish, type Steps } from '../util/slices.ts'
import { utf8Length } from '../util/utf8-length.ts'
import { addMediaPart, addOwnMedia, mayHoldMedia, type PromptSum } from './media-size.ts'

/** What a request sends to a model. */
export interface PromptSource {
  /** The body, of which the fields that templates put into a prompt are counted. */
  body?: object
  /** The messages, or the items of a conversation: their content may have images. */
  conversation?: unknown
  /** The texts and token ids of a text completion or of embeddings. */
  inputs?: unknown
  /** Further texts and token ids that reach the model. */
  more?: unknown
}

/** The size of a prompt in tokens. */
export interface PromptSize {
  /** An estimate, and how much of it is of images and files. */
  tokens: number
  media: number
  /** The most that an engine may count without being doubted. */
  most: number
}

/**
 * UTF-8 bytes per token, approximately: 4 characters of English. Other scripts have more bytes per
 * character and more tokens too. Source: https://help.openai.com/en/articles/4936856
 */
export const BYTES_PER_TOKEN = 4

/**
 * Tokens that a template adds to each message. Source: OpenAI's cookbook, "How to count tokens with
 * tiktoken".
 */
const MESSAGE_TOKENS = 3

/**
 * No tokenizer makes more tokens than there are bytes, as each byte is one in the worst case. A template
 * may indent schemas, name a tool twice, and add instructions and marks of its own; a gateway may add
 * documents and what it found in the web, up to a usual context.
 */
const MOST = { tokensPerByte: 4, perMessage: 64, added: 131_072 }

/** The fields of a body, besides the conversation, that reach a model as text. */
const PROMPT_FIELDS = [
  'system',
  'instructions',
  'tools',
  'functions',
  'tool_choice',
  'response_format',
  'output_config',
  'output_format',
  'text',
  'prediction',
  'suffix',
  // vLLM, SGLang and llama-server.
  'documents',
  'chat_template',
  'chat_template_kwargs',
]

/**
 * Estimates the tokens of a prompt in one pass over it. Text is text whatever it starts with; an image is
 * one only where the API has a place for it.
 */
export function promptSize(source: PromptSource): PromptSize {
  return finish(promptSizeInSteps(source))
}

/** Bytes that are counted in one step. */
const STEP = 16_384

/** The same in steps, between which other work may run: 4 MB of tools take Node 15 ms. */
export function* promptSizeInSteps(source: PromptSource): Steps<PromptSize> {
  const { body, conversation, inputs, more } = source
  const sum: PromptSum = { bytes: 0, tokens: 0, most: 0 }
  const fields = (body ?? {}) as Record<string, unknown>
  let step = STEP
  for (const value of [...PROMPT_FIELDS.map((name) => fields[name]), inputs, more]) {
    for (const item of arrayOf(value)) {
      addJson(sum, item)
      if (sum.bytes < step) continue
      step = sum.bytes + STEP
      yield
    }
  }
  const messages = arrayOf(conversation)
  for (const message of messages) {
    addMessage(sum, message)
    if (sum.bytes < step) continue
    step = sum.bytes + STEP
    yield
  }
  const count = conversation === undefined ? 0 : messages.length
  const { tokensPerByte, perMessage, added } = MOST
  return {
    tokens: Math.ceil(sum.bytes / BYTES_PER_TOKEN) + sum.tokens + count * MESSAGE_TOKENS,
    media: sum.tokens,
    most: sum.bytes * tokensPerByte + sum.most + count * perMessage + added,
  }
}

function arrayOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value]
}

/** A message of a chat, or an item of a conversation. */
function addMessage(sum: PromptSum, message: unknown): void {
  if (!isObject(message)) {
    addJson(sum, message)
    return
  }
  for (const name in message) {
    if (name === 'content' || name === 'output') addContent(sum, message[name])
    else addJson(sum, message[name])
  }
}

/** A text, parts, or a single part such as the screenshot of a computer. */
function addContent(sum: PromptSum, content: unknown): void {
  const parts = Array.isArray(content) ? content : [content]
  for (const part of parts) {
    if (isObject(part)) addPart(sum, part)
    else addJson(sum, part)
  }
}

function addPart(sum: PromptSum, part: Record<string, unknown>): void {
  // The field that holds an image or a file, if there is one; all others are text.
  const taken = addMediaPart(sum, part)
  for (const name in part) {
    if (name === taken) continue
    if (name === 'content') addContent(sum, part[name])
    else if (name === 'source' && part.type === 'document') addContent(sum, part[name])
    else if (mayHoldMedia(part, name)) addJson(sum, addOwnMedia(sum, part, name))
    else addJson(sum, part[name])
  }
}

/** JSON that a template writes out: its texts, numbers and the names of its fields. */
function addJson(sum: PromptSum, value: unknown): void {
  if (typeof value === 'string') sum.bytes += utf8Length(value)
  // A number is taken for a token, which it is among the inputs.
  else if (typeof value === 'number') sum.bytes += BYTES_PER_TOKEN
  else if (Array.isArray(value)) for (const item of value) addJson(sum, item)
  else if (isObject(value)) {
    for (const name in value) {
      sum.bytes += name.length
      addJson(sum, value[name])
    }
  }
}
