import { cut } from './cut.ts'
import { terminalText } from './terminal.ts'

/** The most characters of a message that are read, and that are passed on. */
const MOST = { read: 20_000, told: 500 }

/** An address of IPv4 or, in brackets, of IPv6, or this machine's name, each with its port. */
const ADDRESS =
  /(?<![\d.])\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?::\d{1,5})?(?![\d.]*\d)|\[[\da-f:]{2,39}\](?::\d{1,5})?|\blocalhost:\d{1,5}\b/gi

/** A key as it stands in a header, or one that begins as most do. */
const KEY = /\b(bearer\s|sk-|sluice_)[\w.~+/-]{16,}/gi

/**
 * The text of an error that sluice did not write, for a client or a log: without `secrets`, without
 * keys, the addresses of servers, control characters and stack traces, and at most 500 characters of it.
 *
 * @example
 * errorText('connect ECONNREFUSED 10.0.0.5:8000') // 'connect ECONNREFUSED …'
 */
export function errorText(words: string, secrets: readonly string[] = []): string {
  const isLong = words.length > MOST.read
  let text = isLong ? words.slice(0, MOST.read) : words
  for (const secret of secrets) if (secret !== '') text = text.replaceAll(secret, '…')
  // The beginning of a secret that was cut off.
  if (isLong) text = text.slice(0, -Math.max(1, ...secrets.map(({ length }) => length)))
  text = withoutTrace(text).replace(KEY, '$1…').replace(ADDRESS, '…')
  return cut(terminalText(cut(text, MOST.told)), MOST.told)
}

/**
 * A message without a stack trace: what is before one of JavaScript, and what is before and after one
 * of Python, whose last line is the error.
 */
function withoutTrace(text: string): string {
  const at = text.search(/\n {4}at |Traceback \(most recent call last\)/)
  if (at === -1) return text
  const before = text.slice(0, at).trimEnd()
  const last = text[at] === '\n' ? '' : text.slice(text.trimEnd().lastIndexOf('\n') + 1).trim()
  return [before, last].filter((part) => part !== '').join(' ')
}
