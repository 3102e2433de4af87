/** The size of an image in pixels, from its header: the image is not decoded. */

/** Width and height in pixels. */
export interface ImageSize {
  width: number
  height: number
}

/** The most segments before a JPEG's frame header that are skipped; a usual file has about ten. */
const MAX_SEGMENTS = 64

/**
 * Reads the size of a PNG, JPEG, GIF or WebP image from its base64. Undefined for other formats, for a
 * header that is damaged, and for base64 with line breaks. Only a few bytes are decoded.
 *
 * Sources: PNG 3rd edition §11.2.1; ITU T.81 §B.2.2; GIF89a §18; RFC 9649 §2.5–2.7.
 *
 * @example
 * imageSize('R0lGODlhAQABAAAAACw=') // { width: 1, height: 1 }
 */
export function imageSize(base64: string): ImageSize | undefined {
  const head = bytesAt(base64, 0, 30)
  if (head === undefined) return undefined
  const size = sizeOf(base64, head)
  return size !== undefined && size.width > 0 && size.height > 0 ? size : undefined
}

function sizeOf(base64: string, head: Uint8Array): ImageSize | undefined {
  const view = new DataView(head.buffer)
  const type = view.getUint32(0)
  if (type === 0x89504e47) return { width: view.getUint32(16), height: view.getUint32(20) }
  // "GIF8"
  if (type === 0x47494638) {
    return { width: view.getUint16(6, true), height: view.getUint16(8, true) }
  }
  // "RIFF", length, "WEBP"
  if (type === 0x52494646 && view.getUint32(8) === 0x57454250) return webpSize(view)
  return type >>> 8 === 0xffd8ff ? jpegSize(base64) : undefined
}

function webpSize(view: DataView): ImageSize | undefined {
  const chunk = view.getUint32(12)
  // "VP8X": 24 bits each, less one.
  if (chunk === 0x56503858) {
    const width = (view.getUint32(24, true) & 0xffffff) + 1
    return { width, height: (view.getUint32(26, true) >>> 8) + 1 }
  }
  // "VP8L": 14 bits each, less one, behind a signature of one byte.
  if (chunk === 0x5650384c) {
    const bits = view.getUint32(21, true)
    return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 }
  }
  // "VP8 ": 14 bits each, behind a frame tag of three bytes and a start code of three.
  if (chunk !== 0x56503820) return undefined
  return { width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff }
}

/** Skips segments, such as one with a preview or a colour profile, up to the frame header. */
function jpegSize(base64: string): ImageSize | undefined {
  for (let at = 2, segment = 0; segment < MAX_SEGMENTS; segment++) {
    const bytes = bytesAt(base64, at, 9)
    if (bytes?.[0] !== 0xff) return undefined
    const view = new DataView(bytes.buffer)
    const marker = view.getUint8(1)
    if (isFrameHeader(marker)) return { width: view.getUint16(7), height: view.getUint16(5) }
    // A marker may have fill bytes before it.
    at += marker === 0xff ? 1 : 2 + view.getUint16(2)
  }
  return undefined
}

/** SOF0 to SOF15, without DHT, JPG and DAC, which lie between them. */
function isFrameHeader(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc
}

/** `count` bytes from a place in the decoded data; undefined where it has fewer, or is not base64. */
function bytesAt(base64: string, at: number, count: number): Uint8Array<ArrayBuffer> | undefined {
  const skipped = at % 3
  const start = ((at - skipped) / 3) * 4
  const text = base64.slice(start, start + Math.ceil((skipped + count) / 3) * 4)
  let decoded: string
  try {
    decoded = atob(text)
  } catch {
    return undefined
  }
  if (decoded.length < skipped + count) return undefined
  return Uint8Array.from({ length: count }, (_, index) => decoded.charCodeAt(skipped + index))
}
