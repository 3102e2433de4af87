import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'

const host = new URL('../../../../src/hosts/node.ts', import.meta.url).href

/** Keeps enough that V8 would enlarge its space for new objects to 64 MiB, and prints its size. */
const fill = `
  const { getHeapSpaceStatistics } = await import('node:v8')
  const kept = []
  for (let i = 0; i < 300_000; i++) kept.push({ i, more: [i, i + 1, i + 2], text: 'x' + i })
  const space = getHeapSpaceStatistics().find((each) => each.space_name === 'new_space')
  process.stderr.write('MiB: ' + space.space_size / 1024 / 1024)
  process.exit(0)
`

/** The MiB of the space for new objects, in both halves, in a process that ran this program. */
function newSpaceAfter(program: string): number {
  const script = `${program}\n${fill}`
  const { file, args } = { file: process.execPath, args: ['--input-type=module', '-e', script] }
  const told = execFileSync('sh', ['-c', '"$@" 2>&1 >/dev/null', 'sh', file, ...args], {
    timeout: 20_000,
  })
  return Number(/MiB: ([\d.]+)$/.exec(told.toString())?.[1])
}

test('a server does not let garbage fill much memory before it is collected', () => {
  const serve = `
    const { main } = await import(${JSON.stringify(host)})
    await main(['--port', '0', '--upstream', 'http://127.0.0.1:1', '--log', 'none'])
  `
  expect(newSpaceAfter(serve)).toBeLessThanOrEqual(32)
}, 30_000)

test('a program that embeds a server keeps the sizes that it chose', () => {
  const serve = `
    const { serve } = await import(${JSON.stringify(host)})
    await serve({ port: 0, staticText: 'Hello!', log: () => {} })
  `
  expect(newSpaceAfter(serve)).toBeGreaterThan(32)
}, 30_000)
