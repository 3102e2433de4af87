/** Bodies of requests that are in several pieces of memory. */
import { concat } from '../util/bytes.ts'
import type { FetchInit } from './fetch.ts'

type Bytes = Uint8Array<ArrayBuffer>

const known = new WeakMap<FetchInit, readonly Bytes[]>()

/**
 * A request with this body. Its pieces are joined where somebody reads the body, as a runtime's `fetch` does; what
 * asks for the pieces instead spares a copy of megabytes.
 */
export function withPieces(init: Omit<FetchInit, 'body'>, pieces: readonly Bytes[]): FetchInit {
  let joined: Bytes | undefined
  const sent: FetchInit = {
    ...init,
    get body() {
      joined ??= concat([...pieces])
      return joined
    },
  }
  known.set(sent, pieces)
  return sent
}

/** The pieces of a request that was made by `withPieces`; a copy with another body has none. */
export function piecesOf(init: FetchInit): readonly Bytes[] | undefined {
  return known.get(init)
}
