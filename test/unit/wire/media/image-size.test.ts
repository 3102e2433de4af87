import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { imageSize } from '../../../../src/wire/media/image-size.ts'

const base64 = (bytes: readonly number[]) => Buffer.from(bytes).toString('base64')
const ascii = (text: string) => [...Buffer.from(text)]
const u16 = (value: number) => [value >>> 8, value & 0xff]
const u32 = (value: number) => [...u16(value >>> 16), ...u16(value & 0xffff)]
const le16 = (value: number) => u16(value).reverse()
const le24 = (value: number) => [...le16(value & 0xffff), value >>> 16]

/** The beginning of an image of each kind, followed by data. */
const images: Record<string, (width: number, height: number) => number[]> = {
  PNG: (width, height) => [
    ...[0x89, ...ascii('PNG\r\n'), 0x1a, 0x0a],
    ...[...u32(13), ...ascii('IHDR'), ...u32(width), ...u32(height)],
    ...[8, 6, 0, 0, 0],
  ],
  GIF: (width, height) => [...ascii('GIF89a'), ...le16(width), ...le16(height), 0xf7, 0, 0],
  'baseline JPEG': (width, height) => [
    ...[0xff, 0xd8, 0xff, 0xe0, ...u16(16), ...ascii('JFIF'), ...Array(10).fill(0)],
    ...[0xff, 0xc0, ...u16(17), 8, ...u16(height), ...u16(width), 3],
  ],
  'progressive JPEG with a preview and fill bytes': (width, height) => [
    // Within the preview is a frame header of its own.
    ...[0xff, 0xd8, 0xff, 0xe1, ...u16(30_002), ...ascii('Exif')],
    ...[0xff, 0xc0, ...u16(17), 8, ...u16(1), ...u16(1), ...Array(29_987).fill(0)],
    ...[0xff, 0xdb, ...u16(4), 0, 0, 0xff, 0xff],
    ...[0xff, 0xc2, ...u16(17), 8, ...u16(height), ...u16(width), 3],
  ],
  'lossy WebP': (width, height) => [
    ...riff('VP8 ', [0x30, 1, 0, 0x9d, 1, 0x2a, ...le16(width), ...le16(height)]),
  ],
  'lossless WebP': (width, height) => {
    const bits = ((width - 1) | ((height - 1) << 14)) >>> 0
    return riff('VP8L', [0x2f, ...u32(bits).reverse()])
  },
  'extended WebP': (width, height) => {
    return riff('VP8X', [0x10, 0, 0, 0, ...le24(width - 1), ...le24(height - 1)])
  },
}

function riff(chunk: string, data: number[]): number[] {
  return [...ascii('RIFF'), ...u32(0), ...ascii('WEBP'), ...ascii(chunk), ...u32(0), ...data]
}

describe.each(Object.entries(images))('of a %s', (_kind, make) => {
  it('is read from its header', () => {
    const side = fc.integer({ min: 1, max: 16_000 })
    fc.assert(
      fc.property(side, side, (width, height) => {
        const bytes = [...make(width, height), ...Array(40).fill(7)]
        expect(imageSize(base64(bytes))).toEqual({ width, height })
      }),
      { numRuns: 20 },
    )
  })

  it('is not known of one that is cut off', () => {
    const bytes = make(640, 480)
    for (const length of [0, 1, 3, 9]) {
      expect(imageSize(base64(bytes.slice(0, length)))).toBeUndefined()
    }
  })
})

it('is read from real images', () => {
  const gif = 'R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7'
  const png =
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
  const webp = 'UklGRiIAAABXRUJQVlA4IBYAAAAwAQCdASoBAAEADsD+JaQAA3AAAAAA'
  for (const image of [gif, png, webp]) expect(imageSize(image)).toEqual({ width: 1, height: 1 })
})

it('is known of no other text, which is not read to its end', () => {
  const endless = [0xff, 0xd8, ...Array(90_000).fill([0xff, 0xe0, 0, 2]).flat()]
  for (const text of ['', 'hello, world', '!!!!', base64(endless), `\u{1f600}${'A'.repeat(99)}`]) {
    expect(imageSize(text)).toBeUndefined()
  }
  fc.assert(fc.property(fc.string(), (text) => void imageSize(text)))
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 30, maxLength: 99 }), (bytes) => {
      imageSize(base64([0xff, 0xd8, 0xff, ...bytes]))
    }),
  )
})
