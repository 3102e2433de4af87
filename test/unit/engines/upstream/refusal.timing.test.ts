import { describe, expect, it } from 'vitest'
import { readJson } from '../../../../src/engines/upstream/json-body.ts'
import { refusal } from '../../../../src/engines/upstream/refusal.ts'

const refused = (body: string, status = 500) =>
  refusal(new Response(body, { status, headers: { 'content-type': 'text/html' } }), 'gpu', [])

describe("an upstream's error page", () => {
  it.each([
    ['<html><head><title>502 Bad</title></head>\n<body>Down.</body>', '502 Bad Down.'],
    ['<style>p > a { color: red }</style><p>Down</p>', 'Down'],
    ['<STYLE type="text/css">a</STYLE>b<Script src=x>c</Script >d<script>e', 'b d'],
    ['<styled>kept</styled>', 'kept'],
    ['no tag: 1 < 2, and more', 'no tag: 1 < 2, and more'],
    ['a<br/>b<never closed', 'a b<never closed'],
    ['x'.repeat(300), 'x'.repeat(200)],
  ])('%j is told in its words', async (page, words) => {
    expect((await refused(page)).message).toBe(`gpu answered 500: ${words}`)
  })

  it.each(['<', '<style>', '<style></script>', '<script></script>', '</style', '<a>', ' ', '<a'])(
    '64 KiB of %j take no time worth noticing',
    async (part) => {
      const page = part.repeat(Math.floor(65_000 / part.length))
      const startedAt = performance.now()
      await refused(page)
      expect(performance.now() - startedAt).toBeLessThan(200)
    },
  )

  it('is told with its status, and the status is one that a response can have', async () => {
    expect(await refused('', 599)).toMatchObject({ status: 599 })
    const odd = { status: 799, ok: false, headers: new Headers(), body: null }
    expect(await refusal(odd, 'gpu', [])).toMatchObject({ status: 502, code: 'upstream_invalid' })
  })
})

describe('a byte order mark', () => {
  it('is dropped from JSON, which passes on without it', async () => {
    const answer = await readJson(new Response('\ufeff{"a":"\ufeff"}'), 'gpu')
    expect(answer).toEqual({ json: '{"a":"\ufeff"}', value: { a: '\ufeff' } })
  })

  it('is dropped from a refusal', async () => {
    const body = '\ufeff{"error":{"message":"Busy.","code":"busy"}}'
    expect(await refused(body)).toMatchObject({ message: 'Busy.', code: 'busy' })
  })
})
