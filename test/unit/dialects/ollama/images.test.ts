import { describe, expect, it } from 'vitest'
import { imagePart } from '../../../../src/dialects/ollama/images.ts'

const base64 = (text: string) => btoa(text.padEnd(24, '\0'))

describe('an image', () => {
  it.each([
    ['\x89PNG\r\n\x1a\n', 'image/png'],
    ['\xff\xd8\xff\xe0\0\x10JFIF', 'image/jpeg'],
    ['GIF89a', 'image/gif'],
    ['RIFF\x24\0\0\0WEBPVP8 ', 'image/webp'],
    ['BM', 'image/bmp'],
    ['II*\0', 'image/tiff'],
    ['MM\0*', 'image/tiff'],
    ['\0\0\0\x1cftypavif', 'image/avif'],
    ['\0\0\0\x18ftypheic', 'image/heic'],
    // A line end is a byte like any other.
    ['RIFF\n\n\n\nWEBP', 'image/webp'],
  ])('is of the type that its first bytes tell: %j', (head, type) => {
    const data = base64(head)
    expect(imagePart(data, 'images[0]')).toEqual({
      type: 'image_url',
      image_url: { url: `data:${type};base64,${data}` },
    })
  })

  it.each([
    ['RIFF\x24\0\0\0WAVEfmt ', 'wav'],
    ['ID3\x04', 'mp3'],
    ['\xff\xfb\x90', 'mp3'],
  ])('may be sound: %j', (head, format) => {
    const data = base64(head)
    const input_audio = { data, format }
    expect(imagePart(data, 'images[0]')).toEqual({ type: 'input_audio', input_audio })
  })

  it.each(['data:image/png;base64,AAAA', 'https://example.org/cat.png'])(
    'is taken as a URL too: %s',
    (url) => {
      expect(imagePart(url, 'images[0]')).toEqual({ type: 'image_url', image_url: { url } })
    },
  )

  it.each(['', 'cat.png', '/home/me/cat.png', base64('%PDF-1.7'), 'x'])(
    'is refused where it is none: %j',
    (image) => {
      expect(() => imagePart(image, 'messages[2].images[1]')).toThrow(
        /^messages\[2\]\.images\[1\]: expected the base64 of a PNG, .*, got ".*send the file's/,
      )
    },
  )
})
