import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkStream } from '../../src/check/check-stream.ts'
import { needs } from '../support/hosts.ts'
import { postChat, readStream } from '../support/read.ts'
import type { Relay } from '../support/relay.ts'
import { type HostName, runToEnd, startServer, startTool } from '../support/server.ts'
import { talk } from '../support/talk.ts'
import { zoo } from '../support/zoo.ts'
import { capturesAt } from './captures.ts'

/** What becomes of captures when the settings file changes. */
export function captureReload(host: HostName): void {
  it('go by the settings file, and outlive its changes', needs(host, 'process'), async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-captures-'))
    const file = join(folder, 'sluice.json')
    const write = (settings: object) => {
      writeFileSync(`${file}.new`, JSON.stringify({ staticDelay: 0, ...settings }))
      renameSync(`${file}.new`, file)
    }
    write({ capture: 'all' })
    await using server = await startServer(host, ['--config', file])
    await server.untilStderr(/capturing is on \(all\), by the setting capture/)
    await readStream(await postChat(server.base, { model: 'static' }))
    const list = async () => (await fetch(`${server.base}/captures`)).json()
    write({ capture: 'off' })
    await server.untilStderr(/capturing is off, by the setting capture\. Captures in memory: 1/)
    await readStream(await postChat(server.base, { model: 'static' }))
    expect(await list()).toMatchObject({ rule: 'off', count: 1 })
    await fetch(`${server.base}/captures`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"capture":"next=5"}',
    })
    await server.untilStderr(/capturing is on \(next=5\), by an admin/)
    const before = server.stderr().length
    write({ capture: 'off', staticText: 'Other.' })
    await expect.poll(() => server.stderr().slice(before), { timeout: 5_000 }).toMatch(/read again/)
    expect(await list()).toMatchObject({ rule: 'next=5', count: 1 })
    rmSync(folder, { recursive: true, force: true })
  })
}

/** The tools that read recordings, with captures. */
export function captureTools(
  host: HostName,
  relay: Relay,
  ask: (body: Record<string, unknown>) => Promise<Response>,
): void {
  describe('are for the tools', needs(host, 'process'), () => {
    let folder = ''
    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), 'sluice-captures-'))
    })
    afterAll(() => rmSync(folder, { recursive: true, force: true }))

    async function captured(script: object, side: string) {
      const response = await ask({ script })
      const read = await readStream(response)
      const recording = await capturesAt(relay.server).of(response, side)
      const file = join(folder, `${side}.jsonl`)
      writeFileSync(file, recording.text)
      return { read, file, recording }
    }

    it('"sluice replay" gives a client the same bytes', async () => {
      const { file, read } = await captured(talk('Grüß ', { wait: 30 }, 'dich'), 'client')
      await using server = await startTool(host, ['replay', file, '--port', '0', '--speed', '0'])
      const again = await readStream(await postChat(server.base, {}))
      expect(Buffer.from(again.bytes)).toEqual(Buffer.from(read.bytes))
      await server.stop('SIGINT')
    })

    it('and what the engine sent', async () => {
      const script = talk('a', { send: ': ping\r\n\r\n' }, 'b')
      const { file } = await captured(script, 'engine')
      await using server = await startTool(host, ['replay', file, '--port', '0', '--speed', '0'])
      const again = await (await postChat(server.base, {})).text()
      const sent = script.steps.map((step) => ('send' in step ? step.send : ''))
      expect(again).toBe(sent.join(''))
      await server.stop('SIGINT')
    })

    it('"sluice check" finds nothing in what a client got', async () => {
      const { file } = await captured(talk('a', { wait: 20 }, 'b'), 'client')
      const ended = await runToEnd(host, ['check', file, '--json'])
      expect(ended).toMatchObject({ code: 0, stderr: '' })
      expect(JSON.parse(ended.stdout).asked[0].findings).toEqual([])
      const text = await runToEnd(host, ['check', file])
      expect(text.stdout).toMatch(/client\.jsonl[\s\S]*No rule is broken\.$/m)
    })

    it('and the same as the page in what an engine sent', async () => {
      const script = zoo.find(({ rule }) => rule === 'stray-line')?.script ?? talk('a')
      const { file, recording } = await captured(script, 'engine')
      const ended = await runToEnd(host, ['check', file, '--json'])
      const broken = checkStream(recording).map(({ rule }) => rule)
      const found = JSON.parse(ended.stdout).asked[0].findings as { rule: string }[]
      expect(broken.length).toBeGreaterThan(0)
      expect(found.map(({ rule }) => rule)).toEqual(broken)
      expect(ended.code).toBe(1)
    })

    it.each([
      [['nowhere.jsonl'], /check: cannot read nowhere.jsonl/],
      [['package.json'], /package.json, line 1: expected a JSON object/],
      [['package.json', '--via', 'http://x'], /--via: expected only --json and --strict/],
    ])('"sluice check %j" is refused', async (words, message) => {
      const ended = await runToEnd(host, ['check', ...words])
      expect(ended).toMatchObject({ code: 2, stdout: '' })
      expect(ended.stderr).toMatch(message)
    })
  })
}
