/** The script of a request to the upstream: a line inside the message, which every proxy forwards. */
import { type Shape, shapes } from './shapes.ts'

export interface Script {
  /** `quiet` sends one token and then nothing until the client disconnects. */
  kind: 'paced' | 'flood' | 'quiet'
  /** Identifies the request in the upstream's list of answers. */
  id: number
  /** The number of tokens; for `flood` a multiple of `BLOCK`. */
  tokens: number
  /** Tokens a second, for `paced`. */
  rate: number
  shape: Shape
}

export const MODEL = 'bench'

const pattern = /kind=(paced|flood|quiet) id=(\d+) tokens=(\d+) rate=(\d+) shape=([\w-]+)/

let last = 0
let turns: readonly Shape[] = shapes

/** Gives all streams from now on this shape, instead of each shape in turn. */
export function useShape(shape: Shape): void {
  turns = [shape]
}

/** A script with an id of its own. */
export function makeScript(kind: Script['kind'], options: Partial<Script> = {}): Script {
  last++
  const shape = turns[last % turns.length] as Shape
  return { kind, id: last, tokens: 1, rate: 1000, shape, ...options }
}

/** The request body that carries the script, with more messages behind it. */
export function requestBody(
  { kind, id, tokens, rate, shape }: Script,
  more: readonly object[] = [],
): string {
  return JSON.stringify({
    model: MODEL,
    messages: [
      { role: 'system', content: 'You are a helpful assistant.' },
      {
        role: 'user',
        content: `kind=${kind} id=${id} tokens=${tokens} rate=${rate} shape=${shape}`,
      },
      ...more,
    ],
    stream: true,
    stream_options: { include_usage: true },
  })
}

/** The script in a request's text, if there is one. */
export function readScript(text: string): Script | undefined {
  const [, kind, id, tokens, rate, shape] = pattern.exec(text) ?? []
  if (!shapes.includes(shape as Shape)) return undefined
  return {
    kind: kind as Script['kind'],
    id: Number(id),
    tokens: Number(tokens),
    rate: Number(rate),
    shape: shape as Shape,
  }
}
