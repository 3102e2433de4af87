/**
 * The text of an HTML error page, on one line and at most 200 characters. Linear in the length of
 * the page: a regular expression that searches the end of a tag from every `<` is quadratic, and
 * takes seconds for 64 KiB of `<`.
 */
export function textOfPage(text: string): string {
  let words = ''
  for (let at = 0; at < text.length; ) {
    const tag = text.indexOf('<', at)
    const end = tag === -1 ? -1 : text.indexOf('>', tag)
    // A tag that is never closed is text, and so is everything after it.
    if (end === -1) return onOneLine(words + text.slice(at))
    words += `${text.slice(at, tag)} `
    at = end + 1
    const closing = SKIPPED_ELEMENTS.find(({ opens }) =>
      opens.test(text.slice(tag, tag + 8)),
    )?.closes
    if (closing !== undefined) at = indexFrom(text, closing, at)
  }
  return onOneLine(words)
}

/** Elements whose content is no text for a reader. */
const SKIPPED_ELEMENTS = [
  { opens: /^<style\b/i, closes: /<\/style/gi },
  { opens: /^<script\b/i, closes: /<\/script/gi },
]

/** The position of a global pattern's next match; the text's length where there is none. */
function indexFrom(text: string, pattern: RegExp, from: number): number {
  pattern.lastIndex = from
  return pattern.exec(text)?.index ?? text.length
}

function onOneLine(words: string): string {
  return words.replace(/\s+/g, ' ').trim().slice(0, 200)
}
