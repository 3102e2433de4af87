import { expect, it } from 'vitest'
import { Connection } from '../../../../src/transport/http1/connection.ts'
import { leftOver } from '../../left-over.ts'

const nothing = () => {}
const socket = {
  ...{ isFlushed: true, write: nothing, pause: nothing, resume: nothing },
  ...{ setIdle: nothing, setActive: nothing, destroy: nothing },
}
const answer = new TextEncoder().encode('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n')

function ask(): void {
  const connection = new Connection(0)
  connection.socket = socket
  void connection.send([], new AbortController().signal)
  connection.packet(answer.slice())
}

it('leaves little of an answered request to the full garbage collections', () => {
  expect(leftOver(ask)).toBeLessThan(200)
})
