import { expect, it } from 'vitest'
import { UrlCache } from '../../../../src/transport/http1/url-cache.ts'

const root = 'http://127.0.0.1:1/v1'

it('parses an address without a query once', () => {
  const addresses = new UrlCache()
  const url = addresses.parse(`${root}/messages`)
  expect(url.href).toBe(`${root}/messages`)
  expect(addresses.parse(`${root}/messages`)).toBe(url)
})

it('remembers no address with a query, which is a client’s to choose', () => {
  const addresses = new UrlCache()
  const url = addresses.parse(`${root}/messages?beta=true`)
  expect(url.search).toBe('?beta=true')
  expect(addresses.parse(`${root}/messages?beta=true`)).not.toBe(url)
  expect(addresses.size).toBe(0)
})

it('remembers a bounded number, and lets go the oldest', () => {
  const addresses = new UrlCache(2)
  const [first, second] = [addresses.parse(`${root}/0`), addresses.parse(`${root}/1`)]
  addresses.parse(`${root}/2`)
  expect(addresses.size).toBe(2)
  expect(addresses.parse(`${root}/1`)).toBe(second)
  expect(addresses.parse(`${root}/0`)).not.toBe(first)
  const many = new UrlCache()
  for (let at = 0; at < 5000; at++) many.parse(`${root}/${at}`)
  expect(many.size).toBeLessThanOrEqual(1000)
})
