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
  return text.replace(UNSAFE, escaped)
}

/** The same with line ends and tabs, for text of several lines. */
export function terminalText(text: string): string {
  return text.replace(UNSAFE, (unsafe) =>
    unsafe === '\n' || unsafe === '\t' ? unsafe : escaped(unsafe),
  )
}

/**
 * The same for text in parts, split anywhere: CR LF becomes LF, and half a character waits for the
 * other half. Without an argument it returns what is left.
 */
export function terminalPieces(): (piece?: string) => string {
  let waiting = ''
  return (piece) => {
    const text = waiting + (piece ?? '')
    const whole = piece === undefined || !isCut(text) ? text : text.slice(0, -1)
    waiting = text.slice(whole.length)
    return terminalText(whole.replaceAll('\r\n', '\n'))
  }
}

/** Whether a text ends within a character or within a line end. */
function isCut(text: string): boolean {
  const last = text.charCodeAt(text.length - 1)
  return last === 13 || (last >= 0xd800 && last <= 0xdbff)
}

function escaped(unsafe: string): string {
  let text = ''
  for (let at = 0; at < unsafe.length; at++) {
    text += `\\u${unsafe.charCodeAt(at).toString(16).padStart(4, '0')}`
  }
  return text
}
