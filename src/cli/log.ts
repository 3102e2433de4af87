import type { LogEntry } from '../platform/log.ts'
import type { Settings } from '../settings/settings.ts'
import { terminalLine } from '../util/safe/terminal.ts'

/** The format of the log. */
export type LogForm = 'text' | 'json' | 'none'

/** The format that `auto` stands for. */
export function logForm(log: Settings['log'], onTerminal: boolean): LogForm {
  if (log !== 'auto') return log
  return onTerminal ? 'text' : 'json'
}

/** One request as one line, without a line end. Nothing that a client sent can begin another line. */
export function formatEntry(entry: LogEntry, form: LogForm): string {
  // The escapes are those of JSON, so that the values stay the same.
  return form === 'json' ? terminalLine(JSON.stringify(entry, shortened)) : formatText(entry)
}

/** Times to a tenth of a millisecond: more is noise. */
function shortened(_: string, value: unknown): unknown {
  return typeof value === 'number' ? Math.round(value * 10) / 10 : value
}

function formatText(entry: LogEntry): string {
  const words = [
    clock(entry.time),
    entry.method,
    entry.path,
    ...(entry.model === undefined ? [] : [entry.model]),
    String(entry.status),
    ...(entry.firstTokenMs === undefined ? [] : [`first ${showMs(entry.firstTokenMs)}`]),
    ...tokensOf(entry),
    showMs(entry.durationMs),
    entry.outcome,
    ...(entry.code === undefined ? [] : [entry.code]),
    ...refusalOf(entry),
    ...(entry.engine === undefined || !entry.failures ? [] : [`by ${entry.engine}`]),
    ...(entry.failures ? [`after ${entry.failures.join(', ')}`] : []),
    ...(entry.repaired?.length ? [`repaired ${entry.repaired.join(',')}`] : []),
    ...(entry.statePolicy ? [`store away, limits ${entry.statePolicy}`] : []),
    ...(entry.omittedTools?.length ? [`omitted ${entry.omittedTools.join(',')}`] : []),
    ...(entry.cause === undefined ? [] : [`(${entry.cause})`]),
  ]
  return words.map(terminalLine).join(' ')
}

/** Why it was refused; most messages begin with the field. */
function refusalOf({ param, message }: LogEntry): string[] {
  if (message === undefined) return param === undefined ? [] : [param]
  return param === undefined || message.startsWith(param) ? [message] : [`${param}: ${message}`]
}

/** Completion tokens; for an embedding, which has none, prompt tokens. */
function tokensOf({ tokens, promptTokens }: LogEntry): string[] {
  if (tokens === undefined) return []
  return tokens === 0 && promptTokens ? [`${promptTokens} tokens read`] : [`${tokens} tokens`]
}

function clock(time: string): string {
  const at = new Date(time)
  if (Number.isNaN(at.getTime())) return time
  // Not `toTimeString`, which also looks up the name of the time zone.
  return [at.getHours(), at.getMinutes(), at.getSeconds()].map(twoDigits).join(':')
}

function twoDigits(count: number): string {
  return count < 10 ? `0${count}` : String(count)
}

function showMs(milliseconds: number): string {
  return milliseconds < 10_000
    ? `${Math.round(milliseconds)} ms`
    : `${(milliseconds / 1_000).toFixed(1)} s`
}
