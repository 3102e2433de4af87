import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, it, vi } from 'vitest'
import { binaryOf, root } from '../../../../scripts/hosts.mjs'
import worker from '../../../../worker/edge.ts'

const deno = ['run', '-A', '--no-lock', '--node-modules-dir=manual']

describe.each([
  ['bun', []],
  ['deno', deno],
  ['node', []],
] as const)('a server on %s', (host, flags) => {
  it('answers with a 500 whatever throws, and lives on', async () => {
    const args = [...flags, 'test/support/throwing-server.ts', host]
    const { stdout, stderr } = await promisify(execFile)(binaryOf(host), args, { cwd: root })
    const { broken, again } = JSON.parse(stdout) as Record<'broken' | 'again', object[]>
    expect(broken).toEqual([
      { status: 500, type: 'application/json', text: expect.stringMatching(/^\{"error":/) },
      { status: 500, type: 'application/json', text: expect.stringMatching(/^\{"type":"error"/) },
    ])
    expect(JSON.stringify(broken)).not.toMatch(/secret|throwing-server|<html/)
    expect(stderr.match(/sluice: request \S+ failed: Error: secret/g)).toHaveLength(2)
    expect(again).toMatchObject({ status: 200 })
  })
})

it('the worker answers with a 500 whatever throws', async () => {
  const told = vi.spyOn(console, 'error').mockImplementation(() => {})
  const id = vi.spyOn(crypto, 'randomUUID').mockImplementationOnce(() => {
    throw new Error('secret')
  })
  const env = { SLUICE_DISCOVER: 'no', SLUICE_LOG: 'none' }
  const response = await worker.fetch(new Request('http://localhost/v1/models'), env)
  expect(response.status).toBe(500)
  expect(await response.json()).toMatchObject({ error: { code: 'internal_error' } })
  expect(told).toHaveBeenCalledExactlyOnceWith(expect.stringContaining('secret'))
  id.mockRestore()
  told.mockRestore()
})
