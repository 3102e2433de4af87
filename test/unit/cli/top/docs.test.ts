import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { columnsFor, dropOrder, titleLine } from '../../../../src/cli/top/columns.ts'
import { keyHelp } from '../../../../src/cli/top/help-view.ts'

const page = readFileSync(join(import.meta.dirname, '../../../../docs/top.md'), 'utf8')

it('docs/top.md lists the keys as the help does', () => {
  const [, table = ''] = /## The keys\n\n\| key \| \|\n\|---\|---\|\n((?:\|.*\n)+)/.exec(page) ?? []
  expect(table).toBe(keyHelp.map(([keys, text]) => `| ${keys} | ${text} |\n`).join(''))
})

it('docs/top.md says in which order columns are left out', () => {
  expect(page).toContain(`leaves them out in this order: ${dropOrder.join(', ')}.`)
})

it('docs/top.md explains each column', () => {
  for (const title of titleLine(columnsFor(300)).trim().split(/ +/)) {
    expect(page).toMatch(new RegExp(`^\\| (?:[A-Z/]+, )?${title}(?:, [A-Z/]+)? \\|`, 'm'))
  }
})
