import { build } from 'esbuild'
import { expect, it } from 'vitest'
import { root } from '../../../scripts/hosts.mjs'
import { withoutHelp } from '../../../scripts/without-help.mjs'
import { keyOptions } from '../../../src/settings/key-options.ts'
import { declarations } from '../../../src/settings/table/table.ts'
import { upstreamOptions } from '../../../src/settings/upstream-options.ts'

/** The declarations as a worker has them. */
async function bundled() {
  const contents = `
    export { declarations } from './src/settings/table/table.ts'
    export { keyOptions } from './src/settings/key-options.ts'
    export { upstreamOptions } from './src/settings/upstream-options.ts'`
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: root, loader: 'ts' },
    bundle: true,
    format: 'esm',
    write: false,
    plugins: [withoutHelp],
  })
  const code = Buffer.from(outputFiles[0]?.contents ?? []).toString('base64')
  return (await import(`data:text/javascript;base64,${code}`)) as Record<string, object>
}

it('leaves out the help of every setting, and nothing else', async () => {
  const tables: Record<string, object> = { declarations, keyOptions, upstreamOptions }
  const found = await bundled()
  const helps: unknown[] = []
  for (const [name, table] of Object.entries(tables)) {
    const text = (value: object) =>
      JSON.stringify(value, (key, each) => {
        if (key === 'help') helps.push(each)
        return key === 'help' ? '' : each
      })
    const before = text(table)
    helps.length = 0
    expect(text(found[name] ?? {})).toBe(before)
    expect(helps.length).toBeGreaterThan(5)
    expect(helps.filter((each) => each !== '')).toEqual([])
  }
})
