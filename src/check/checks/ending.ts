import type { Recording } from '../../recording/recording.ts'
import { isObject } from '../../util/object.ts'
import type { Findings } from '../findings.ts'

/** Checks a stream whose last event is missing; `length` bytes of it arrived. */
export function checkEnd(
  { end }: Recording,
  findings: Findings,
  isFinished: boolean,
  length: number,
): void {
  if (end.how === 'stopped') return
  if (end.how === 'broken') findings.add('connection-broken', end.why ?? 'broken', length)
  else if (isFinished) findings.add('done-missing', 'the body ends without it', length)
  else findings.add('truncated', 'the body ends without a finish reason', length)
}

/** The message of an error, at most 200 characters. */
export function messageOf(error: unknown): string {
  const message = isObject(error) ? error.message : error
  return String(message).slice(0, 200)
}

export function shown(value: unknown): string {
  return value === undefined ? 'missing' : JSON.stringify(value).slice(0, 60)
}
