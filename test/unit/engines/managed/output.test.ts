import { expect, it } from 'vitest'
import { OutputTail } from '../../../../src/engines/managed/output.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

it('keeps the last lines, however they came', () => {
  const tail = new OutputTail()
  for (const part of ['on', 'e\ntw', 'o\r\n\n', 'three']) tail.add(bytes(part))
  expect(tail.lines(10)).toEqual(['one', 'two', 'three'])
  expect(tail.lines(2)).toEqual(['two', 'three'])
  tail.clear()
  expect(tail.lines(10)).toEqual([])
})

it('keeps no more than its capacity, and no line that is cut off', () => {
  const tail = new OutputTail()
  for (let line = 0; line < 10_000; line++) tail.add(bytes(`line ${line} äöü\n`))
  const lines = tail.lines(100_000)
  expect(lines.length).toBeGreaterThan(1_000)
  expect(lines.join('\n').length).toBeLessThan(33_000)
  expect(lines[0]).toMatch(/^line \d+ äöü$/)
  expect(lines.at(-1)).toBe('line 9999 äöü')
})

it('takes more at once than it keeps', () => {
  const tail = new OutputTail()
  tail.add(bytes(`${'x'.repeat(100_000)}\nlast`))
  expect(tail.lines(1)).toEqual(['last'])
})

it('shows nothing that a terminal would obey', () => {
  const tail = new OutputTail()
  tail.add(bytes('red \u001b[31m and \u202e reversed'))
  expect(tail.lines(1)).toEqual(['red \\u001b[31m and \\u202e reversed'])
})
