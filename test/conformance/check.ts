import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ChatBody, PersonaScript } from '../support/personas.ts'
import { type HostName, runToEnd, useServer, useServerWith } from '../support/server.ts'
import { startUpstream, type Upstream } from '../support/upstream.ts'
import { zoo } from '../support/zoo.ts'

/** `sluice check`, against servers that keep the rules and servers that don't. */
export function check(host: HostName): void {
  describe('of sluice itself', () => {
    let upstream: Upstream
    const server = useServerWith(host, async () => {
      upstream = await startUpstream({ persona: 'vllm', script: asVllm })
      return { flags: ['--upstream', `lab=${upstream.url}`, '--static-delay', '5ms'] }
    })
    afterAll(() => upstream.close())

    it.each(['static', 'Qwen/Qwen3-8B'])(
      'is clean in all its APIs: %s',
      async (model) => {
        const asks = ['--dialect', 'all', '--model', model, '--strict']
        const ended = await runToEnd(host, ['check', server.base, ...asks], {}, 80_000)
        expect(ended.stdout).toMatch(
          /^ {2}chat, completions, responses, messages\n[\s\S]*No rule is broken\.$/m,
        )
        expect(ended).toMatchObject({ code: 0, stderr: '' })
        // Our fixed text calls nothing, and says so.
        if (model === 'static')
          expect(ended.stdout).toMatch(/– tools {7}not offered: it answered with status 400/)
        else expect(ended.stdout).toMatch(/✓ tools {7}4 of 4\n {2}✓ structured {2}1 of 1/)
      },
      90_000,
    )

    it('is told as JSON, too', async () => {
      const args = ['check', server.url, '--model', 'static', '--json']
      const { code, stdout } = await runToEnd(host, args, {}, 40_000)
      const report = JSON.parse(stdout) as { model: string; asked: { status: number }[] }
      expect(report).toMatchObject({ model: 'static', url: `${server.base}/chat/completions` })
      expect(report.asked.map(({ status }) => status)).toContain(404)
      expect(code).toBe(0)
    })

    it('asks the API that the URL names', async () => {
      const args = ['check', `${server.base}/messages`, '--model', 'static', '--json']
      const { code, stdout } = await runToEnd(host, args, {}, 40_000)
      expect(JSON.parse(stdout)).toMatchObject({
        url: `${server.base}/messages`,
        dialects: ['messages'],
      })
      expect(code).toBe(0)
    })

    it('knows no API of another name', async () => {
      const ended = await runToEnd(host, ['check', server.base, '--dialect', 'chats'])
      expect(ended).toMatchObject({ code: 2, stdout: '' })
      expect(ended.stderr).toMatch(/--dialect: expected chat, .* or all, got "chats"/)
    })
  })

  describe('written down', () => {
    const server = useServer(host, ['--static-delay', '5ms'])
    const folder = mkdtempSync(join(tmpdir(), 'sluice-check-'))
    afterAll(() => rmSync(folder, { recursive: true, force: true }))

    it('is a record in each form, to which a later one is compared', async () => {
      const forms = ['md', 'json', 'html'].map((form) => join(folder, `record.${form}`))
      const reports = forms.flatMap((file) => ['--report', file])
      const args = ['check', server.base, '--model', 'static']
      expect((await runToEnd(host, [...args, ...reports], {}, 40_000)).code).toBe(0)
      const [markdown, json, html] = forms.map((file) => readFileSync(file, 'utf8'))
      expect(markdown).toMatch(
        /^# Verification of .*\n[\s\S]*\| data path \| sluice .* → .*\(sluice /,
      )
      expect(html).toMatch(/^<!doctype html>/)
      expect(JSON.parse(json ?? '')).toMatchObject({ 'sluice-verification': 1, model: 'static' })
      const old = join(folder, 'old.json')
      const changed = { ...JSON.parse(json ?? ''), model: 'another', broken: [{ rule: 'bom' }] }
      writeFileSync(old, JSON.stringify(changed))
      const { stdout } = await runToEnd(host, [...args, '--against', old], {}, 40_000)
      expect(stdout).toMatch(
        /^Since \d{4}-.*\n(.*\n)* {2}repaired {8}bom\n {2}model: another, now static/m,
      )
    })

    it.each([
      [
        ['--report', 'record.txt'],
        /--report: expected a file that ends in .md, .json, .html, got "record.txt"/,
      ],
      [['--against', 'nowhere.json'], /--against: cannot read nowhere.json/],
      [['--against', 'package.json'], /expected a record of "npm start -- check" \(version 1\)/],
    ])('%j is refused before anything is asked', async (more, message) => {
      const ended = await runToEnd(host, ['check', 'http://127.0.0.1:9', ...more])
      expect(ended).toMatchObject({ code: 2, stdout: '' })
      expect(ended.stderr).toMatch(message)
    })
  })

  describe('of others', () => {
    let upstream: Upstream
    beforeAll(async () => {
      upstream = await startUpstream()
    })
    afterAll(() => upstream.close())

    it('names what is broken, and ends with 1', async () => {
      upstream.script = zoo.find(({ rule }) => rule === 'stray-line')?.script
      const ended = await runToEnd(host, ['check', upstream.url, '--model', 'm'], {}, 40_000)
      expect(ended.code).toBe(1)
      expect(ended.stdout).toMatch(/^ERROR {2}stray-line {2}/m)
      expect(ended.stdout).toMatch(/loading the model/)
    })

    it('counts hints only where it is to be strict', async () => {
      const hint = zoo.find(({ rule }) => rule === 'buffering-hint')?.script
      upstream.script = hint
      const args = ['check', upstream.url, '--model', 'm']
      const { stdout } = await runToEnd(host, args, {}, 40_000)
      expect(stdout).toMatch(/^HINT {2}buffering-hint/m)
    })
  })

  describe('of nobody', () => {
    const keyed = useServer(host, [], { SLUICE_KEYS: `me=sha256:${'0'.repeat(64)}` })

    it('ends with 2, and says why', async () => {
      const nobody = await runToEnd(host, ['check', 'http://127.0.0.1:9'])
      expect(nobody.code).toBe(2)
      expect(nobody.stdout).toMatch(/could not be checked: .*(refused|REFUSED|reached|connect)/i)
      const unknown = await runToEnd(host, ['check', keyed.base])
      expect(unknown.code).toBe(2)
      expect(unknown.stdout).toContain('it answered with status 401')
    })
  })
}

/** A server that calls what it is offered, and keeps to the form it is given. */
function asVllm({ model, tools, response_format }: ChatBody): PersonaScript {
  const known = model === 'Qwen/Qwen3-8B'
  return {
    persona: 'vllm',
    ...(!known && { error: 'model_not_found' as const }),
    ...(Array.isArray(tools) && {
      words: [],
      toolCalls: ['Paris', 'London'].map((city) => ({
        name: 'get_weather',
        arguments: ['{"city": ', `"${city}"}`],
      })),
    }),
    ...(response_format !== undefined && { words: ['{"colours":', '["red",', '"blue"]}'] }),
  }
}
