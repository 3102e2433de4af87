import { UNSAFE } from './unsafe.ts'

/**
 * Text for one line of a terminal or of a log: what could move the cursor, begin another line, reverse
 * text or hide in it is written as in JSON, `\u001b`. Therefore the JSON of a value stays the same
 * value. Every text that sluice did not write passes it before it is printed.
 *
 * @example
 * terminalLine('a\u001b[2J\n') // 'a\\u001b[2J\\u000a'
 */
export function terminalLine(text: string): string {
  return text.replace(UNSAFE, (unsafe, shown?: string) => shown ?? escaped(unsafe))
}

/** The same with line ends and tabs, for text of several lines. */
export function terminalText(text: string): string {
  return text.replace(UNSAFE, (unsafe, shown?: string) =>
    unsafe === '\n' || unsafe === '\t' ? unsafe : (shown ?? escaped(unsafe)),
  )
}

/**
 * The same for text in parts, split anywhere: CR LF becomes LF, and a part of a character or of a flag
 * waits for the rest. Without an argument it returns what is left.
 */
export function terminalPieces(): (piece?: string) => string {
  let waiting = ''
  /** The ideograph that was last, which the next part may say the variant of. */
  let last = ''
  return (piece) => {
    const text = waiting + (piece ?? '')
    const at = piece === undefined ? -1 : text.search(UNFINISHED)
    const whole = at === -1 ? text : text.slice(0, at)
    waiting = text.slice(whole.length)
    const shown = terminalText(last + whole.replaceAll('\r\n', '\n')).slice(last.length)
    if (whole !== '') last = /\p{Ideographic}$/u.exec(whole)?.[0] ?? ''
    return shown
  }
}

/** What may go on: a carriage return, half a character, a flag before the tags that say which. */
const UNFINISHED = /(?:\r|\u{1f3f4}[\u{e0061}-\u{e007a}]{0,5}[\ud800-\udbff]?|[\ud800-\udbff])$/u

function escaped(unsafe: string): string {
  let text = ''
  for (let at = 0; at < unsafe.length; at++) {
    text += `\\u${unsafe.charCodeAt(at).toString(16).padStart(4, '0')}`
  }
  return text
}
