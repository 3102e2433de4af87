import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { root } from '../../../scripts/hosts.mjs'
import { layout, layoutFile } from '../../../scripts/layout.mjs'

it('has a row for every folder of src', () => {
  const entries = readdirSync(join(root, 'src'), { withFileTypes: true })
  const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
  expect(Object.keys(layout).toSorted()).toEqual(folders.toSorted())
})

it('lets no folder import one that imports it', () => {
  const lowestFirst = Object.entries(layout)
  for (const [index, [folder, allowed]] of lowestFirst.entries()) {
    const lower = lowestFirst.slice(0, index).map(([name]) => name)
    const folders = allowed.filter((name) => !name.endsWith('.ts'))
    expect(lower, folder).toEqual(expect.arrayContaining(folders))
  }
})

it('is what the linter reads', () => {
  const written = readFileSync(join(root, 'biome.layout.json'), 'utf8')
  expect(written, 'run node scripts/layout.mjs').toBe(layoutFile())
})
