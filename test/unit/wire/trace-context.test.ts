import { describe, expect, it } from 'vitest'
import { readTraceContext, writeTraceparent } from '../../../src/wire/headers/trace-context.ts'

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const SPAN = 'b7ad6b7169203331'
const VALID = `00-${TRACE}-${SPAN}-01`

const read = (traceparent: string, tracestate?: string) =>
  readTraceContext(new Headers({ traceparent, ...(tracestate !== undefined && { tracestate }) }))

describe('traceparent', () => {
  it('is read', () => {
    expect(read(VALID)).toEqual({
      ...{ traceparent: VALID, traceId: TRACE, spanId: SPAN, isSampled: true },
    })
    expect(read(`00-${TRACE}-${SPAN}-00`)?.isSampled).toBe(false)
    // Further flags say something else.
    expect(read(`00-${TRACE}-${SPAN}-03`)?.isSampled).toBe(true)
    expect(read(`00-${TRACE}-${SPAN}-02`)?.isSampled).toBe(false)
  })

  it('of a later version is read as far as it is known, and kept as it came', () => {
    const later = `cc-${TRACE}-${SPAN}-01-what-the-future-brings`
    expect(read(later)).toMatchObject({ traceparent: later, traceId: TRACE, spanId: SPAN })
    expect(read(`cc-${TRACE}-${SPAN}-01`)).toMatchObject({ traceId: TRACE })
  })

  it.each([
    '',
    'none',
    VALID.toUpperCase(),
    `${VALID}-`,
    `${VALID}-more`,
    `${VALID}x`,
    `ff-${TRACE}-${SPAN}-01`,
    `0-${TRACE}-${SPAN}-01`,
    `00-${'0'.repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `00-${TRACE.slice(1)}-${SPAN}-01`,
    `00-${TRACE}g-${SPAN}-01`,
    `00-${TRACE}-${SPAN}-1`,
    `00-${TRACE}-${SPAN}`,
    `00_${TRACE}-${SPAN}-01`,
    `cc-${TRACE}-${SPAN}-01.more`,
    `cc-${TRACE}-${SPAN}-01-${'x'.repeat(100)}`,
    `${VALID}, ${VALID}`,
  ])('%j is none', (given) => {
    expect(read(given, 'a=1')).toBeUndefined()
  })

  it('is none where only a tracestate came', () => {
    expect(readTraceContext(new Headers({ tracestate: 'a=1' }))).toBeUndefined()
  })

  it('is written with the flags in two digits', () => {
    expect(writeTraceparent(TRACE, SPAN, 1)).toBe(VALID)
    expect(writeTraceparent(TRACE, SPAN, 0)).toBe(`00-${TRACE}-${SPAN}-00`)
  })
})

describe('tracestate', () => {
  it.each([
    ['a=1', 'a=1'],
    ['congo=t61rcWkgMzE,rojo=00f067aa0ba902b7', 'congo=t61rcWkgMzE,rojo=00f067aa0ba902b7'],
    ['a=1 , ,\tb=2,', 'a=1,b=2'],
    ['fw529a3039@dt=FfAAAA', 'fw529a3039@dt=FfAAAA'],
    ['a=b:c/d;e f', 'a=b:c/d;e f'],
  ])('%j is passed on', (given, passed) => {
    expect(read(VALID, given)?.tracestate).toBe(passed)
  })

  it('may come in several headers', () => {
    const headers = new Headers([
      ['traceparent', VALID],
      ['tracestate', 'a=1'],
      ['tracestate', 'b=2'],
    ])
    expect(readTraceContext(headers)?.tracestate).toBe('a=1,b=2')
  })

  it.each([
    '',
    ',',
    'a',
    'a=',
    '=1',
    'A=1',
    'a b=1',
    'a=1=2',
    'a=1,a=2',
    `a=${'x'.repeat(257)}`,
    `${'a'.repeat(257)}=1`,
    Array.from({ length: 33 }, (_, index) => `k${index}=1`).join(),
    `a=${'x'.repeat(250)},`.repeat(40),
  ])('%j is left out, and the traceparent is kept', (given) => {
    const context = read(VALID, given)
    expect(context?.traceparent).toBe(VALID)
    expect(context).not.toHaveProperty('tracestate')
  })
})
