import { expect, it } from 'vitest'
import { parseUrl } from '../../../src/util/parse-url.ts'

it.each([
  'http://127.0.0.1:8787/v1?x=1',
  'https://[::1]/',
  'null',
  '',
  '/v1/models',
  'http://',
  'http://a b',
])('reads "%s" as URL.parse does', (text) => {
  expect(parseUrl(text)?.href).toBe(URL.parse(text)?.href)
})
