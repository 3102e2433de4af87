// The table of SECURITY.md: each defence names the tests that prove it.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { root } from '../../scripts/hosts.mjs'

const security = await readFile(join(root, 'SECURITY.md'), 'utf8')
const section = /## Threat model\n(.*?)\n## /s.exec(security)?.[1] ?? ''
const rows = section
  .split('\n')
  .filter((line) => line.startsWith('| '))
  .slice(1)
  .map((line) => line.split('|').slice(1, -1))
  .map(([attacker = '', tries = '', stops = '', tests = '']) => ({ attacker, tries, stops, tests }))

it('has every attacker, and several things that each can try', () => {
  const attackers = rows.map(({ attacker }) => attacker.trim()).filter((name) => name !== '')
  expect(attackers).toEqual([
    'a web page of another site',
    'a client without a key',
    'a client with a key',
    'a browser tab that offers a GPU, or its stolen key',
    'a stranger at the pairing',
    'an upstream',
    'a model, or a document that it read',
    'a neighbour on the machine',
  ])
  expect(rows.length).toBeGreaterThan(25)
})

describe.each(rows)('who tries to$tries', ({ tests, stops }) => {
  const paths = [...tests.matchAll(/`([^`]+)`/g)].map(([, path]) => `test/${path}`)

  it('is stopped by something, and names tests', () => {
    expect(stops.trim()).not.toBe('')
    expect(paths).not.toEqual([])
  })

  it.each(paths)('%s holds tests', async (path) => {
    const text = await readFile(join(root, path), 'utf8')
    expect(text).toMatch(/\b(?:it|describe|target)(?:\.\w+)*\(|Fault\[\] = /)
  })
})
