/** Says which behaviours of the runtimes in bench/upstream-reports are still there. */
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { binaryOf, type Runtime, root } from '../../../scripts/hosts.mjs'

const folder = join(root, 'bench/upstream-reports')

/** What can go from sluice once a behaviour is gone. */
const workarounds: Record<string, string> = {
  'bun-held-write': 'nothing; measure the added time of `sluice-bun` anew',
  'bun-idle-timeout': '`extendIdleTimeouts` in src/hosts/bun/runtime.ts',
  'bun-reuse-port': 'the comment at `reusePort` in src/hosts/bun/runtime.ts',
  'bun-fetch-limit': 'src/hosts/bun/start-environment.ts, and the variable in scripts/hosts.mjs',
  'deno-fetch-read': 'nothing; measure `native-deno` against `sluice-deno` anew',
  'deno-serve-send': 'nothing; compare `Deno.serve` with `node:http` anew',
  'deno-serve-abort':
    'the reason for `node:http` in src/hosts/deno/runtime.ts and docs/runtimes/deno.md',
  'deno-fetch-retry': '`unpooled` in src/hosts/deno/fetch.ts',
  'node-json-key': 'JSON.parse instead of src/util/parse-json.ts',
  'workerd-client-left':
    'the defaults of --heartbeat and --header-wait for workerd, and docs/decisions/0005-workerd-disconnects.md',
  'workerd-chunk-cost':
    'nothing; measure `sluice-workerd` anew, and rewrite docs/runtimes/workerd.md',
}

/** The arguments of a runtime with which it runs a report. */
function argumentsFor(runtime: Runtime, script: string): [Runtime, string[]] {
  if (runtime === 'deno') return ['deno', ['run', '-A', '--unstable-no-legacy-abort', script]]
  if (runtime === 'workerd') return ['node', [script, binaryOf('workerd')]]
  return [runtime, [script]]
}

test('every report has a page, a row in the table and a workaround', () => {
  const found = readdirSync(folder, { withFileTypes: true }).filter((each) => each.isDirectory())
  const names = found.map(({ name }) => name).sort()
  expect(names).toEqual(Object.keys(workarounds).sort())
  const table = readFileSync(join(folder, 'README.md'), 'utf8')
  const rows = [...table.matchAll(/^\| \[([\w-]+)\]\(\1\/README\.md\)/gm)].map(([, name]) => name)
  expect(rows.sort()).toEqual(names)
})

test.each(Object.keys(workarounds))('%s is still there', { timeout: 120_000 }, (name) => {
  const [on = ''] = name.split('-')
  const script = join(folder, name, 'repro.mjs')
  const [runtime, args] = argumentsFor(on as Runtime, script)
  const { status, stdout, stderr } = spawnSync(binaryOf(runtime), args, {
    encoding: 'utf8',
    timeout: 100_000,
  })
  expect(
    status,
    status === 0
      ? `${name} is fixed in this version. Delete bench/upstream-reports/${name} and its rows; and from sluice: ${workarounds[name]}.\n${stdout}`
      : `expected an exit with 1, which means that the behaviour is there:\n${stdout}${stderr}`,
  ).toBe(1)
})
