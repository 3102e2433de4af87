import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const src = join(import.meta.dirname, '../../src')

it('no two types that src exports share a name', () => {
  const declared = new Map<string, string[]>()
  for (const file of readdirSync(src, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.ts')) continue
    const text = readFileSync(join(src, file), 'utf8')
    for (const [, name = ''] of text.matchAll(
      /^export (?:declare )?(?:abstract )?(?:type|interface|class) (\w+)/gm,
    )) {
      declared.set(name, [...(declared.get(name) ?? []), file])
    }
  }
  expect(declared.size).toBeGreaterThan(300)
  const shared = [...declared].filter(([, files]) => files.length > 1)
  expect(shared.map(([name, files]) => `${name}: ${files.join(', ')}`)).toEqual([])
})
