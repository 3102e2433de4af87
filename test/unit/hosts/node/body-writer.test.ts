import { expect, it } from 'vitest'
import { nodeBodyWriter } from '../../../../src/hosts/node/body-writer.ts'
import { leftOver } from '../../left-over.ts'

function respond(): void {
  nodeBodyWriter().respond({ headers: { 'content-type': 'text/event-stream' } })
}

it('leaves nothing of a response to the full garbage collections', () => {
  expect(leftOver(respond)).toBeLessThan(200)
})

it('has no body that anyone else could read', () => {
  expect(nodeBodyWriter().respond({ status: 201 })).toMatchObject({ body: null, status: 201 })
})
