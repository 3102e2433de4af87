/** Cuts a text into pieces of at most `most` (2 or more) UTF-16 units, and no surrogate pair in two. */
export function* textPieces(text: string, most: number): Generator<string> {
  for (let at = 0; at < text.length; ) {
    let end = Math.min(at + most, text.length)
    const last = text.charCodeAt(end - 1)
    const isHalf = last >= 0xd800 && last <= 0xdbff
    if (isHalf && end < text.length) end--
    yield text.slice(at, end)
    at = end
  }
}
