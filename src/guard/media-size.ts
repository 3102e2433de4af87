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

/**
 * Some 263 tokens per second, the sound included: Google's guide to video in Gemini. A second has some
 * 130,000 bytes. Models that read longer videos take fewer frames of them. A video by URL is taken for a
 * quarter of a minute.
 */
const VIDEO = { bytesPerToken: 500, largest: 16_384, usual: 4_096 }

/** The most tokens of what is elsewhere, or is a video: as long as the longest contexts of models. */
const UNKNOWN_MOST = 1_048_576

/** Names of fields that may hold media, in parts of servers' own. */
const MEDIA_NAME = /image|video|audio|file|media|embed|url|data|source|base64|b64/i

/** Names of fields that hold text, wherever they are. */
const TEXT_NAME = /text|content|title|transcript|prompt|caption|description|alt/i

/** The beginning of base64 in a URL, and what base64 without one consists of. */
const DATA_URL = /^\s{0,16}data:([^,]{0,100});base64,/i
const BASE64 = /^[\w+/=\r\n-]+$/
const LEAST_BASE64 = 256

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
  image(sum, part) {
    const { source } = part
    const own = ['image', 'image_url', 'url', 'data', 'base64'].find((name) => name in part)
    if (source === undefined && own !== undefined) return addImage(sum, part[own], own)
    const data = isObject(source) && source.type === 'base64' ? source.data : undefined
    addPixels(sum, typeof data === 'string' ? data : undefined)
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
    addAudio(sum, isObject(audio) ? audio : { data: audio })
    return 'input_audio'
  },
}

/**
 * Counts what a part of a message holds besides text. Returns the name of the field that is counted; empty
 * where there is none.
 */
export function addMediaPart(sum: PromptSum, part: Part): string {
  const { type } = part
  if (isTextType(type)) return ''
  if (typeof type === 'string' && Object.hasOwn(HANDLERS, type)) {
    return HANDLERS[type]?.(sum, part) ?? ''
  }
  if (typeof type === 'string') sum.most += UNKNOWN_MOST
  return ''
}

/**
 * Whether a field of a part may hold media of a kind that no API has: a server reads text only from parts
 * and fields of text.
 */
export function mayHoldMedia({ type }: Part, name: string): boolean {
  return !isTextType(type) && !isKnown(type) && isMediaName(name)
}

/** Counts the media in a field of such a part. Returns what is none, and is counted as text. */
export function addOwnMedia(sum: PromptSum, part: Part, name: string): unknown {
  const kind = `${typeof part.type === 'string' ? part.type : ''} ${name}`
  return withoutMedia(sum, part[name], kind)
}

function isTextType(type: unknown): boolean {
  return typeof type === 'string' && TEXT_TYPES.has(type)
}

function isKnown(type: unknown): boolean {
  return typeof type === 'string' && Object.hasOwn(HANDLERS, type)
}

function isMediaName(name: string): boolean {
  return MEDIA_NAME.test(name) && !TEXT_NAME.test(name)
}

function withoutMedia(sum: PromptSum, value: unknown, kind: string): unknown {
  if (Array.isArray(value)) return value.map((item) => withoutMedia(sum, item, kind))
  if (isObject(value)) {
    const entries = Object.entries(value).map(([name, field]) => {
      return [name, TEXT_NAME.test(name) ? field : withoutMedia(sum, field, kind)]
    })
    return Object.fromEntries(entries)
  }
  if (typeof value !== 'string') return value
  const data = base64Of(value)
  if (data !== undefined) addKind(sum, data.base64, `${data.mime} ${kind}`)
  else if (isElsewhere(value)) addKind(sum, undefined, kind)
  else return value
  return undefined
}

/** `base64`: undefined for what is elsewhere. `kind`: a media type and names, the first of which counts. */
function addKind(sum: PromptSum, base64: string | undefined, kind: string): void {
  const [found = 'image'] = /video|audio|image|pdf|document|file/i.exec(kind) ?? []
  const name = found.toLowerCase()
  if (name === 'image') addPixels(sum, base64)
  else if (name === 'video') addVideo(sum, base64)
  else if (name === 'audio') {
    addAudio(sum, { data: base64, format: /wav|pcm/i.test(kind) ? 'wav' : undefined })
  } else addDocument(sum, base64)
}

/** The base64 of a data URL or of a long text of nothing else. */
function base64Of(text: string): { base64: string; mime: string } | undefined {
  const url = DATA_URL.exec(text)
  if (url !== null) return { base64: text.slice(url[0].length), mime: url[1] ?? '' }
  const isLong = text.length >= LEAST_BASE64 && BASE64.test(text)
  return isLong ? { base64: text, mime: '' } : undefined
}

function isElsewhere(url: string): boolean {
  return url.length < 4_096 && /^\s{0,16}(?:https?|file|s3|gs):\/\/\S+$/i.test(url)
}

function addImagePart(sum: PromptSum, { image_url: image }: Part): string {
  return addImage(sum, image, 'image_url')
}

/** Counts the image in a field with that name, and returns the name. */
function addImage(sum: PromptSum, image: unknown, name: string): string {
  const url = isObject(image) ? image.url : image
  const data = typeof url === 'string' ? base64Of(url) : undefined
  if (typeof url !== 'string' || /^\s{0,16}https?:/i.test(url)) addPixels(sum, undefined)
  // Of any media type: a server reads it as an image, or refuses it.
  else if (data !== undefined) addPixels(sum, data.base64)
  else if (imageSize(url) !== undefined) addPixels(sum, url)
  // Anything else is no image, whatever it is called.
  else sum.bytes += utf8Length(url)
  return name
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

/** `base64`: undefined for a video that is elsewhere. */
function addVideo(sum: PromptSum, base64: string | undefined): void {
  const { bytesPerToken, largest, usual } = VIDEO
  const tokens = base64 && Math.ceil(decodedLength(base64) / bytesPerToken)
  sum.tokens += Math.min(largest, tokens || usual)
  sum.most += UNKNOWN_MOST
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

/** The tokens of a file with sound. `head`: its first bytes, by which WAV is known. */
export function audioFileTokens(length: number, head: Uint8Array): number {
  const isWav = String.fromCharCode(...head.subarray(0, 4)) === 'RIFF'
  return Math.ceil(length / (isWav ? AUDIO.pcmBytesPerToken : AUDIO.bytesPerToken))
}

/** The tokens of an image that is still to be made. */
export const GENERATED_IMAGE_TOKENS = IMAGE.usual

/** The bytes that base64 holds. */
function decodedLength(base64: string): number {
  return Math.ceil((base64.length * 3) / 4)
}
