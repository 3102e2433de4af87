import { expect, test } from 'vitest'
import { EMPTY_STAMP, now, readStamp, writeSeconds, writeStamp } from '../../../bench/clock.ts'
import { makeTemplate, shapes } from '../../../bench/shapes.ts'

test('a stamp reads as it was written, to the microsecond', () => {
  const bytes = Buffer.from(EMPTY_STAMP)
  for (const time of [now(), 0, 1, 99_999_999, 100_000_000, 1_795_352_748_938_628, 2 ** 52]) {
    writeStamp(bytes, 1, time)
    expect(readStamp(bytes, 1)).toBe(Math.floor(time))
    expect(bytes.toString()).toBe(`~${String(Math.floor(time)).padStart(16, '0')}`)
  }
})

test('seconds take ten digits', () => {
  const bytes = Buffer.from('[0000000000]')
  writeSeconds(bytes, 1, 1_795_352_748)
  expect(bytes.toString()).toBe('[1795352748]')
})

test.each(shapes)('a stamp is the text of a token shaped like those of %s', (shape) => {
  const { token, stampAt, createdAt, events } = makeTemplate(shape)
  writeStamp(token, stampAt, 1_795_352_748_938_628)
  if (createdAt !== -1) writeSeconds(token, createdAt, 1_795_352_748)
  const [size, line] = Buffer.from(token).toString().split('\r\n')
  expect(Number.parseInt(size ?? '', 16)).toBe(line?.length)
  expect(line?.length).toBe(events.token)
  const chunk = JSON.parse(line?.replace(/^data: /, '') ?? '')
  expect(chunk.choices[0].delta.content).toBe('~1795352748938628')
  expect(chunk.created).toBe(createdAt === -1 ? 1_700_000_000 : 1_795_352_748)
})
