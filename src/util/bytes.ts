/** Bytes from which writing a piece by itself costs less than copying it. */
const WRITTEN_ALONE = 16 * 1024

/** The same bytes in fewer pieces: consecutive small pieces are joined, empty ones left out. */
export function joinSmall(pieces: Uint8Array<ArrayBuffer>[]): Uint8Array<ArrayBuffer>[] {
  if (pieces.length === 1 && pieces[0]?.length) return pieces
  const joined: Uint8Array<ArrayBuffer>[] = []
  let small: Uint8Array<ArrayBuffer>[] = []
  for (const piece of pieces) {
    if (piece.length < WRITTEN_ALONE) {
      small.push(piece)
      continue
    }
    joined.push(concat(small), piece)
    small = []
  }
  joined.push(concat(small))
  return joined.filter(({ length }) => length > 0)
}

/** Concatenates pieces; a single one is returned without a copy. */
export function concat(pieces: Uint8Array<ArrayBuffer>[]): Uint8Array<ArrayBuffer> {
  const parts = pieces.filter((piece) => piece.length > 0)
  if (parts.length === 1) return parts[0] as Uint8Array<ArrayBuffer>
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
