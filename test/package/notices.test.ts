// The licences of the packages whose code is in what is published.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from 'esbuild'
import { expect, it } from 'vitest'
import { root } from '../../scripts/hosts.mjs'
import { NOTICES, notices } from '../../scripts/notices.mjs'

it('are those of the packages that are bundled now', async () => {
  const remedy = 'run node scripts/notices.mjs, and look at what changed'
  expect(await readFile(join(root, NOTICES), 'utf8'), remedy).toBe(await notices())
})

it('are of each package that the sources of the page and of the programs import', async () => {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: ['demo/main.tsx', 'worker/*.ts', 'src/hosts/binary.ts'],
    bundle: true,
    packages: 'external',
    platform: 'node',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    format: 'esm',
    outdir: 'none',
    write: false,
    metafile: true,
  })
  const imports = Object.values(metafile.outputs).flatMap((output) => output.imports)
  const names = imports
    .map(({ path }) => /^(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? path)
    .filter((name) => !/^(?:node|cloudflare):/.test(name))
  expect(new Set(names).size).toBeGreaterThan(8)
  const text = await readFile(join(root, NOTICES), 'utf8')
  for (const name of names) expect(text).toContain(`\n${name} `)
})

it('say of Bun where its licences are', async () => {
  expect(await readFile(join(root, NOTICES), 'utf8')).toMatch(/Bun .* LGPL/s)
})
