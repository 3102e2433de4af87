import { expect, it } from 'vitest'
import { parseHead } from '../../../../src/transport/http1/response-head.ts'

it.each([
  ['spaces within a value', `a${' '.repeat(30_000)}b`],
  ['spaces before a stray CR', `${' '.repeat(2_000)}\rb`],
])('reads %s in a time that grows with their number alone', (_, value) => {
  const started = performance.now()
  try {
    parseHead(`HTTP/1.1 200 OK\r\nx: ${value}`)
  } catch {
    // Refused or not, it must not take long.
  }
  expect(performance.now() - started).toBeLessThan(500)
})

it('removes the spaces and tabs around a value, and no other space', () => {
  const { headers } = parseHead('HTTP/1.1 200 OK\r\na: \t b\t \r\nc: \xa0d\x85\xa0 \r\n\r\n')
  expect([...headers.entries()]).toEqual([
    ['a', 'b'],
    ['c', '\xa0d\x85\xa0'],
  ])
})
