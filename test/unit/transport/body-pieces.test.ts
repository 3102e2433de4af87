import { expect, it } from 'vitest'
import { piecesOf, withPieces } from '../../../src/platform/body-pieces.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

it('a body in pieces is joined only where it is read', () => {
  const pieces = [bytes('one, '), bytes('two')]
  const init = withPieces({ method: 'POST' }, pieces)
  expect(piecesOf(init)).toBe(pieces)
  expect(new TextDecoder().decode(init.body as Uint8Array)).toBe('one, two')
  expect(init.body).toBe(init.body)
  expect({ ...init }).toEqual({ method: 'POST', body: bytes('one, two') })
})

it('a copy of the request, which may have another body, has no pieces', () => {
  const init = withPieces({ method: 'POST' }, [bytes('one'), bytes('two')])
  expect(piecesOf({ ...init, body: 'three' })).toBeUndefined()
})
