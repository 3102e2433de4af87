/** The answer to `POST /v1/embeddings`, and its vectors as numbers and in base64. */

/** The answer: a vector for each input, in their order. */
export interface EmbeddingResponse {
  object: 'list'
  data: { object: 'embedding'; index: number; embedding: number[] | string }[]
  model: string
  usage: { prompt_tokens: number; total_tokens: number; [field: string]: unknown }
}

/** A vector as base64 of 32-bit little-endian floats, which OpenAI's clients request. */
export function encodeVector(vector: readonly number[]): string {
  const bytes = new Uint8Array(vector.length * 4)
  const view = new DataView(bytes.buffer)
  vector.forEach((value, index) => {
    view.setFloat32(index * 4, value, true)
  })
  let binary = ''
  for (const byte of bytes) binary += String.fromCharCode(byte)
  return btoa(binary)
}

/** The numbers of a vector in base64; undefined if the text is not one. */
export function decodeVector(text: string): number[] | undefined {
  let binary: string
  try {
    binary = atob(text)
  } catch {
    return undefined
  }
  if (binary.length % 4 !== 0) return undefined
  const view = new DataView(Uint8Array.from(binary, (byte) => byte.charCodeAt(0)).buffer)
  return Array.from({ length: binary.length / 4 }, (_, index) => view.getFloat32(index * 4, true))
}
