/** How many tokens images, documents and sounds have, estimated by their size. */
import { isObject } from '../util/object.ts'
import { utf8Length } from '../util/utf8-length.ts'
import { imageSize } from '../wire/media/image-size.ts'

/** What a prompt consists of, added up. */
export interface PromptSum {
  /** UTF-8 bytes of text. */
  bytes: number
  /** Tokens of images and files. */
  tokens: number
  /** The most that these images and files may have. */
  most: number
}

type Part = Record<string, unknown>

/**
 * A token is a square of 28 × 28 pixels. Source: Anthropic's vision guide, where larger images are reduced
 * to 1,568 tokens, or to 4,784 by newer models; the same squares are Qwen2-VL's, which has up to 16,384.
 * Gemma 3 makes 256 tokens of any image, however small.
 */
const IMAGE = { side: 28, least: 256, usual: 1_568, largest: 4_784, most: 16_384 }

/**
 * A page has up to 3,000 tokens, and 100 pages are the most in a request: Anthropic's guide to PDFs. A
 * page of text takes some 24 kB of a file.
 */
const DOCUMENT = { page: 3_000, bytesPerToken: 8, largest: 300_000 }

/**
 * 32 tokens per second: Google's guide to audio in Gemini. A second has at least 16,000 bytes as PCM, and
 * some 4,000 when it is compressed for speech. Sound by URL is taken for a minute.
 */
const AUDIO = { pcmBytesPerToken: 500, bytesPerToken: 125, minute: 1_920 }

/** The most tokens of what is elsewhere, or is a video: as long as the longest contexts of models. */
const UNKNOWN_MOST = 1_048_576

/** Parts that are text; all others may be media that only the engine knows. */
const TEXT_TYPES = new Set([
  'text',
  'input_text',
  'output_text',
  'refusal',
  'thinking',
  'redacted_thinking',
  'tool_use',
  'tool_result',
  'tool_reference',
  'search_result',
])

/** Counts the image or file of a part, and returns the name of the field that held it. */
const HANDLERS: Record<string, (sum: PromptSum, part: Part) => string> = {
  image_url: addImagePart,
  input_image: addImagePart,
  computer_screenshot: addImagePart,
  image(sum, { source }) {
    if (isObject(source) && source.type === 'base64' && typeof source.data === 'string')
      addPixels(sum, source.data)
    else addPixels(sum, undefined)
    return 'source'
  },
  document(sum, { source }) {
    if (!isObject(source) || source.type === 'text' || source.type === 'content') return ''
    addDocument(sum, source.data)
    return 'source'
  },
  file(sum, { file }) {
    addDocument(sum, isObject(file) ? file.file_data : undefined)
    return 'file'
  },
  input_file(sum, { file_data: data }) {
    addDocument(sum, data)
    return 'file_data'
  },
  input_audio(sum, { input_audio: audio }) {
    addAudio(sum, isObject(audio) ? audio : {})
    return 'input_audio'
  },
}

/**
 * Counts what a part of a message holds besides text. Returns the name of the field that is counted; empty
 * where the whole part is text.
 */
export function addMediaPart(sum: PromptSum, part: Part): string {
  const { type } = part
  if (typeof type !== 'string' || TEXT_TYPES.has(type)) return ''
  if (Object.hasOwn(HANDLERS, type)) return HANDLERS[type]?.(sum, part) ?? ''
  sum.most += UNKNOWN_MOST
  return ''
}

function addImagePart(sum: PromptSum, { image_url: image }: Part): string {
  const url = isObject(image) ? image.url : image
  const data = typeof url === 'string' ? /^data:image\/[^,]{0,100};base64,/i.exec(url) : null
  if (typeof url !== 'string' || /^https?:/i.test(url)) addPixels(sum, undefined)
  else if (data !== null) addPixels(sum, url.slice(data[0].length))
  // Some servers take base64 alone. Anything else is no image, whatever it is called.
  else if (imageSize(url) !== undefined) addPixels(sum, url)
  else sum.bytes += utf8Length(url)
  return 'image_url'
}

/** `base64`: undefined for an image that is elsewhere. */
function addPixels(sum: PromptSum, base64: string | undefined): void {
  const size = base64 === undefined ? undefined : imageSize(base64)
  const { side, least, usual, largest, most } = IMAGE
  const squares = size && Math.ceil(size.width / side) * Math.ceil(size.height / side)
  sum.tokens += squares === undefined ? usual : Math.min(largest, Math.max(least, squares))
  sum.most += most
}

/** A file as base64, or as a data URL; anything else for one that is elsewhere. */
function addDocument(sum: PromptSum, data: unknown): void {
  if (typeof data !== 'string') {
    sum.tokens += DOCUMENT.page
    sum.most += UNKNOWN_MOST
    return
  }
  const size = decodedLength(data)
  // A PDF in base64, whose pages are compressed. Any other file is text.
  const isPdf = /^(?:data:[^,]{0,100},)?JVBERi/.test(data)
  if (isPdf) sum.tokens += Math.min(DOCUMENT.largest, Math.ceil(size / DOCUMENT.bytesPerToken))
  else sum.bytes += size
  sum.most += isPdf ? UNKNOWN_MOST : 0
}

function addAudio(sum: PromptSum, { data, format }: Part): void {
  sum.most += UNKNOWN_MOST
  if (typeof data !== 'string') {
    sum.tokens += AUDIO.minute
    return
  }
  const isPcm = format === 'wav' || format === 'pcm16'
  const { pcmBytesPerToken, bytesPerToken } = AUDIO
  sum.tokens += Math.ceil(decodedLength(data) / (isPcm ? pcmBytesPerToken : bytesPerToken))
}

/** The bytes that base64 holds. */
function decodedLength(base64: string): number {
  return Math.ceil((base64.length * 3) / 4)
}
