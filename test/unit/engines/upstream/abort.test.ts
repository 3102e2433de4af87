import { expect, it } from 'vitest'
import { linkedController } from '../../../../src/engines/upstream/abort.ts'
import { leftOver } from '../../left-over.ts'

function link(): void {
  linkedController(new AbortController().signal)
}

it('leaves nothing of a request that was not aborted to the full garbage collections', () => {
  // Node's own controllers leave 240.
  expect(leftOver(link)).toBeLessThan(450)
})
