import { createScanner } from 'jsonc-parser'
import { expect, it } from 'vitest'
import { createApiKeys } from '../../../src/guard/keys.ts'
import { readSettingsFile } from '../../../src/settings/file.ts'
import { parseSettings } from '../../../src/settings/settings.ts'
import { finish } from '../../../src/util/slices.ts'

function textOf(count: number): string {
  const keys = Array.from({ length: count }, (_, at) => ({
    name: `key-${at}`,
    hash: `sha256:${at.toString(16).padStart(64, '0')}`,
    requestsPerMinute: 60,
  }))
  return JSON.stringify({ keys }, null, 2)
}

function keysOf(text: string) {
  const { values } = finish(readSettingsFile(text, 'x.json', (each) => createScanner(each)))
  return parseSettings(values).keys
}

/** The shortest of some measurements, in milliseconds. */
async function shortest(times: number, act: () => unknown): Promise<number> {
  let best = Number.POSITIVE_INFINITY
  for (let at = 0; at < times; at++) {
    const began = performance.now()
    await act()
    best = Math.min(best, performance.now() - began)
  }
  return best
}

it('reads ten times as many keys in little more than ten times the time', async () => {
  const [few, many] = [textOf(1_000), textOf(10_000)]
  await shortest(3, () => keysOf(few))
  const [one, ten] = [await shortest(5, () => keysOf(few)), await shortest(5, () => keysOf(many))]
  expect(ten).toBeLessThan(3_000)
  expect(ten / one).toBeLessThan(60)
})

it('finds one of 10,000 keys as fast as one of 10', async () => {
  const url = new URL('http://localhost/')
  const headers = { authorization: 'Bearer a-guess' }
  const find = async (count: number) => {
    const keys = createApiKeys(keysOf(textOf(count)))
    const request = new Request(url, { headers })
    return () =>
      Promise.all(Array.from({ length: 200 }, () => keys.find(request, url).catch(() => {})))
  }
  const [few, many] = [await find(10), await find(10_000)]
  await shortest(3, few)
  const [one, other] = [await shortest(10, few), await shortest(10, many)]
  expect(other / one).toBeLessThan(2.5)
})
