import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const root = join(import.meta.dirname, '../..')
const page = readFileSync(join(root, 'docs/observability.md'), 'utf8')
const source = readFileSync(join(root, 'src/platform/log.ts'), 'utf8')

/** The names in the first column of the table with this head. */
function named(head: string): string[] {
  const [, rows = ''] = page.split(`| ${head} | |\n|---|---|\n`)[1]?.match(/^((?:\|.*\n)+)/) ?? []
  return rows
    .trimEnd()
    .split('\n')
    .flatMap((row) =>
      [...(row.split('|')[1] ?? '').matchAll(/`(\w+)`/g)].map(([, name]) => name ?? ''),
    )
}

it('docs/observability.md has every field of the log, and no other', () => {
  const [, entry = ''] = /export interface LogEntry \{\n(.*?)^\}/ms.exec(source) ?? []
  const fields = [...entry.matchAll(/^ {2}(\w+)\??:/gm)].map(([, name]) => name)
  expect(fields.length).toBeGreaterThan(20)
  expect(new Set(named('field'))).toEqual(new Set(fields))
})

it('docs/observability.md has every outcome', () => {
  const [, outcomes = ''] = /^ {2}outcome: (.*)$/m.exec(source) ?? []
  const all = [...outcomes.matchAll(/'(\w+)'/g)].map(([, name]) => name)
  expect(all).toHaveLength(5)
  expect(new Set(named('outcome'))).toEqual(new Set(all))
})
