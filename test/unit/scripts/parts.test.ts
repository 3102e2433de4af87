import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { root } from '../../../scripts/hosts.mjs'
import { parts } from '../../../scripts/parts.mjs'

it('CONTRIBUTING.md has a row for each part of npm test', () => {
  const text = readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8')
  const [, table = ''] = /\n\| part \|.*\n\|-+.*\n((?:\|.*\n)+)/.exec(text) ?? []
  const cells = table.split('\n').map((row) => row.split('|')[1] ?? '')
  const named = cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name))
  expect(named.sort()).toEqual(parts.map(({ name }) => name).sort())
})
