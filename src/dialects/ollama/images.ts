/** Images of Ollama's API, which are base64 without a media type, as parts of chat messages. */
import { quoted } from '../../util/safe/quoted.ts'
import type { ContentPart } from '../../wire/chat/request.ts'
import { badRequest } from '../../wire/errors/api-error.ts'

/**
 * How the files of each type begin; a dot is any byte. Sources: PNG 3rd edition §5.2; ITU T.81 §B.1.1.3;
 * GIF89a §17; RFC 9649 §2.4; ISO/IEC 14496-12 §4.3 for AVIF and HEIC; TIFF 6.0 §2; RIFF for WAVE; ID3v2 §3.1.
 */
const TYPES: readonly (readonly [RegExp, string])[] = [
  [/^\x89PNG/s, 'image/png'],
  [/^\xff\xd8\xff/s, 'image/jpeg'],
  [/^GIF8/s, 'image/gif'],
  [/^RIFF....WEBP/s, 'image/webp'],
  [/^BM/s, 'image/bmp'],
  [/^(II\*\0|MM\0\*)/s, 'image/tiff'],
  [/^....ftypavi[fs]/s, 'image/avif'],
  [/^....ftyp(hei|mif1)/s, 'image/heic'],
  [/^RIFF....WAVE/s, 'audio/wav'],
  [/^(ID3|\xff[\xfb\xf3\xf2])/s, 'audio/mp3'],
]

/** Base64 of which the first 12 bytes are decoded. */
const HEAD = 16

/**
 * The part for one of the `images`; `at` is its path in the request. Ollama also takes sound there.
 * Throws an `ApiError` (400) where it is neither.
 */
export function imagePart(image: string, at: string): ContentPart {
  // Ollama refuses URLs, but other engines accept them in this form.
  if (/^(data:image\/|https?:\/\/)/.test(image)) {
    return { type: 'image_url', image_url: { url: image } }
  }
  const type = typeOf(image)
  if (type === undefined) {
    const message = `${at}: expected the base64 of a PNG, JPEG, GIF, WebP, BMP, TIFF, AVIF or HEIC image or of a WAV or MP3 file, got ${quoted(image.slice(0, 20), 20)}…; send the file's own bytes.`
    throw badRequest(message, at)
  }
  if (type.startsWith('audio/')) {
    const input_audio = { data: image, format: type.slice('audio/'.length) }
    return { type: 'input_audio', input_audio }
  }
  return { type: 'image_url', image_url: { url: `data:${type};base64,${image}` } }
}

function typeOf(base64: string): string | undefined {
  let head: string
  try {
    head = atob(base64.slice(0, HEAD))
  } catch {
    return undefined
  }
  return TYPES.find(([beginning]) => beginning.test(head))?.[1]
}
