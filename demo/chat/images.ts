/** Makes of a file an image that models take. */

export interface Picture {
  /** Its name in the store of images. */
  id: string
  name: string
  /** A `data:` URL. */
  url: string
  /** What was done to it. */
  change?: string
}

/** Images that one message may have, and the bytes that a file may have. */
export const MOST_IMAGES = 8
const MOST_BYTES = 20e6

/** Pixels of the longer side: models see no more, and it would only take longer to send. */
const MOST_PIXELS = 2_048

/** Bytes above which an image is compressed: a request may have 20 MB with all of them. */
const MOST_SENT = 4e6

/** What servers take as it is. */
const TYPES = ['image/png', 'image/jpeg', 'image/gif', 'image/webp']

export const ACCEPTED = 'image/*'

/** Throws an error that says what is wrong with the file and what to do. */
export async function pictureOf(file: File): Promise<Picture> {
  const name = file.name || 'image'
  if (!file.type.startsWith('image/')) {
    throw new Error(`${name}: expected an image, got ${file.type || 'a file of unknown type'}.`)
  }
  if (file.size > MOST_BYTES) {
    throw new Error(
      `${name}: expected at most 20 MB, got ${Math.round(file.size / 1e6)} MB. Choose a smaller image.`,
    )
  }
  const id = `${Date.now()}-${Math.random()}`
  const bitmap = await createImageBitmap(file).catch(() => {
    throw new Error(
      `${name}: this browser cannot read it (${file.type}). Choose a PNG, JPEG, WebP or GIF image.`,
    )
  })
  try {
    const { width, height } = bitmap
    const scale = Math.min(1, MOST_PIXELS / Math.max(width, height))
    if (scale === 1 && file.size <= MOST_SENT && TYPES.includes(file.type)) {
      return { id, name, url: await urlOf(file) }
    }
    const size = { width: Math.round(width * scale), height: Math.round(height * scale) }
    const blob = await redrawn(bitmap, size, file.type)
    const change =
      scale < 1
        ? `reduced from ${width} × ${height} to ${size.width} × ${size.height} pixels`
        : `sent as ${blob.type.slice(6).toUpperCase()}`
    return { id, name, url: await urlOf(blob), change }
  } finally {
    bitmap.close()
  }
}

/** As PNG where the image may be transparent, unless that is too large. */
async function redrawn(
  bitmap: ImageBitmap,
  { width, height }: { width: number; height: number },
  type: string,
): Promise<Blob> {
  const canvas = document.createElement('canvas')
  canvas.width = width
  canvas.height = height
  const context = canvas.getContext('2d')
  const blobOf = (wanted: string) =>
    new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, wanted, 0.9))
  context?.drawImage(bitmap, 0, 0, width, height)
  const isPhoto = type === 'image/jpeg' || type === 'image/heic'
  const first = isPhoto ? undefined : await blobOf('image/png')
  if (first && first.size <= MOST_SENT) return first
  if (context) {
    context.globalCompositeOperation = 'destination-over'
    context.fillStyle = 'white'
    context.fillRect(0, 0, width, height)
  }
  const blob = await blobOf('image/jpeg')
  if (blob === null) throw new Error('The image could not be made smaller. Choose a smaller one.')
  return blob
}

function urlOf(blob: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader()
    reader.onload = () => resolve(String(reader.result))
    reader.onerror = () => reject(reader.error ?? new Error('The file could not be read.'))
    reader.readAsDataURL(blob)
  })
}
