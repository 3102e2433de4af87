// Embeddings, as the scripted upstream gives them.

import type { Script } from './script.ts'

/**
 * How it departs from what was asked: gives numbers or base64 whatever was asked, refuses base64,
 * gives a vector less or one that is longer, swaps them, leaves their indices out, counts nothing,
 * takes no `dimensions` for what they are, fails in a body that says 200.
 */
export type VectorsOddity =
  | 'numbers'
  | 'base64'
  | 'refuses-base64'
  | 'one-less'
  | 'uneven'
  | 'swapped'
  | 'no-index'
  | 'uncounted'
  | 'own-size'
  | 'nulls'
  | 'bad-base64'
  | 'error'

export interface VectorsScript {
  vectors: VectorsOddity
}

interface EmbeddingBody {
  input?: string | unknown[]
  encoding_format?: string
  dimensions?: number
  script?: VectorsScript | Script
}

/** The vector of the input with this index. */
export function vectorOf(index: number, size = 2): number[] {
  const first = [1 + index, 2, 0.5, -0.25]
  return Array.from({ length: size }, (_, at) => first[at] ?? 0)
}

export function embeddingScript(body: EmbeddingBody): Script {
  const { input = '', encoding_format: format, dimensions = 2, script } = body
  if (script && 'steps' in script) return script
  const odd = script?.vectors
  if (odd === 'refuses-base64' && format === 'base64') {
    return json(422, {
      detail: [{ loc: ['body', 'encoding_format'], msg: 'Input should be float' }],
    })
  }
  if (odd === 'error') return json(200, { error: { message: 'out of memory' } })
  const isOne = typeof input === 'string' || input.some((each) => typeof each === 'number')
  const count = (isOne ? 1 : input.length) - (odd === 'one-less' ? 1 : 0)
  const isText = odd === 'base64' || (format === 'base64' && odd !== 'numbers')
  const data = Array.from({ length: count }, (_, index) => {
    const size = odd === 'own-size' ? 3 : odd === 'uneven' ? 2 + index : dimensions
    const vector: unknown[] = odd === 'nulls' ? [null, 1] : vectorOf(index, size)
    const embedding = isText ? encode(vector as number[]) : vector
    return {
      object: 'embedding',
      ...(odd !== 'no-index' && { index: odd === 'swapped' ? count - 1 - index : index }),
      embedding: odd === 'bad-base64' ? '!!!' : embedding,
    }
  })
  const usage = { prompt_tokens: count, total_tokens: count }
  const counted = odd === 'uncounted' ? {} : { usage }
  return json(200, { object: 'list', data, model: 'm', ...counted })
}

function encode(vector: number[]): string {
  return Buffer.from(new Float32Array(vector).buffer).toString('base64')
}

function json(status: number, body: object): Script {
  return {
    status,
    headers: { 'content-type': 'application/json' },
    steps: [{ send: JSON.stringify(body) }],
  }
}
