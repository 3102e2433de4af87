import { cut } from './cut.ts'
import { terminalText } from './terminal.ts'

/** The most characters of a message that are read, and that are passed on. */
const MOST = { read: 20_000, told: 500 }

/**
 * What may be an address: of IPv4 or, in brackets, of IPv6, or this machine's name. A port is the last
 * group.
 */
const ADDRESS =
  /(?<![\d.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?::(\d{1,5}))?(?![\d.]*\d)|\[[\da-f:.]{2,45}(?:%[\w.-]{1,16})?\](?::(\d{1,5}))?|\blocalhost:(\d{1,5})\b/gi

/** What stands before four numbers that are a version or a section. */
const VERSION =
  /\b(?:v|versions?:?|release|section|build|driver|cuda|cudnn|rocm|tensorrt|ollama|vllm|llama\.cpp|python|torch)[ =]?$/i

/** What may be a key: what stands in a header after its scheme, or begins as most keys do. */
const KEY = /\b(bearer\s|sk-|sluice_)([\w.~+/-]{16,})/gi

/** A line of a stack of JavaScript, not only a line that begins with "at". */
const FRAME = /\n {4}at [^\n]*(?::\d+:\d|\((?:native|<anonymous>|index \d+)\))/

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
  text = withoutAddresses(withoutKeys(withoutTrace(text.replaceAll('\r\n', '\n'))))
  return cut(terminalText(cut(text, MOST.told)), MOST.told)
}

/**
 * The same for the operator's log, which keeps addresses and stack traces: what failed, and where, is
 * what an operator has to know.
 *
 * @example
 * causeText('connect ECONNREFUSED 10.0.0.5:8000') // the same
 */
export function causeText(words: string): string {
  const text = withoutKeys(words.slice(0, MOST.read))
  return cut(terminalText(cut(text, MOST.told)), MOST.told)
}

/** A key has a digit, or is too long for a word: `sk-learn-model-is-not-loaded` is none. */
function withoutKeys(text: string): string {
  return text.replace(KEY, (all, start: string, rest: string) =>
    /\d|[a-z]{20}/i.test(rest) ? `${start}…` : all,
  )
}

function withoutAddresses(text: string): string {
  return text.replace(ADDRESS, (found: string, ...groups: unknown[]) => {
    const hasPort = groups.slice(0, 3).some((port) => port !== undefined)
    const at = groups[3] as number
    const before = text.slice(Math.max(0, at - 20), at)
    return isAddress(found, hasPort, before) ? '…' : found
  })
}

/** `[4096]`, `[12:34]` and `x[::2]` are none, nor is the version `0.5.7.1`. */
function isAddress(found: string, hasPort: boolean, before: string): boolean {
  if (found.startsWith('[')) {
    const isWhole =
      found.includes('::') || found.slice(0, found.indexOf(']')).split(':').length === 8
    return isWhole && (hasPort || !/[\w\]]$/.test(before))
  }
  return hasPort || !VERSION.test(before)
}

/**
 * A message without a stack trace: what is before one of JavaScript, and what is before and after one
 * of Python, whose last line is the error.
 */
function withoutTrace(text: string): string {
  const starts = [text.search(FRAME), text.indexOf('Traceback (most recent call last)')]
  const at = Math.min(...starts.filter((start) => start !== -1))
  if (at === Number.POSITIVE_INFINITY) return text
  const before = text.slice(0, at).trimEnd()
  const last = text[at] === '\n' ? '' : text.slice(text.trimEnd().lastIndexOf('\n') + 1).trim()
  return [before, last].filter((part) => part !== '').join(' ')
}
