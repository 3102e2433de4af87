import type { Script, Step } from '../script.ts'

/** A server that breaks one rule of `sluice check`, and only that. */
export interface Animal {
  /** The rule it breaks. */
  rule: string
  script: Script
  /** The real server that did so, and where that is told. */
  like?: string
}

export type Fields = Record<string, unknown>

export const SSE = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-cache, no-transform',
  'x-accel-buffering': 'no',
}

export function paced(frames: readonly string[]): Step[] {
  return frames.flatMap((send) => [{ send }, { wait: 12 }])
}

export function stream(frames: readonly string[], headers: Record<string, string> = {}): Script {
  return { headers: { ...SSE, ...headers }, steps: paced(frames) }
}
