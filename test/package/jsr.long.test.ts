// JSR delivers the sources themselves; this asks its own program whether it would take them.

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { binaryOf, root } from '../../scripts/hosts.mjs'

it('would be published on JSR', async () => {
  // The types of settings follow from their declarations, which JSR calls slow: written out, each
  // setting would be declared twice. The types are checked as a part of its own.
  const args = ['publish', '--dry-run', '--allow-dirty', '--allow-slow-types', '--no-check']
  const { stderr } = await promisify(execFile)(binaryOf('deno'), args, {
    cwd: root,
    env: { ...process.env, NO_COLOR: '1' },
    maxBuffer: 16 << 20,
  })
  expect(stderr).toContain('Dry run complete')
  const files = [...stderr.matchAll(/file:\S+?\/((?:src|worker|README|test|scripts|demo)\S*)/g)]
  const folders = new Set(files.map(([, path = '']) => path.split('/')[0]))
  expect([...folders].sort()).toEqual(['README.md', 'src', 'worker'])
  // What cannot be followed before it runs: sluice's own files, by their address.
  expect(stderr.match(/^warning\[[\w-]+\]/gm)).toEqual([
    'warning[unanalyzable-dynamic-import]',
    'warning[unanalyzable-dynamic-import]',
  ])
}, 120_000)
