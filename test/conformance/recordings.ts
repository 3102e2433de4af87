import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseRecording, type Recording } from '../../src/recording/recording.ts'
import { needs } from '../support/hosts.ts'
import { postChat, readStream } from '../support/read.ts'
import type { Script } from '../support/script.ts'
import { type HostName, runToEnd, startServer, startTool } from '../support/server.ts'
import { startUpstream, type Upstream } from '../support/upstream.ts'
import { soundMessage } from '../support/zoo/messages.ts'

const KEY = 'sk-recorded-0123456789'

/** A stream with all that may get lost on the way: other line ends, a cut character, a comment. */
const odd: Script = {
  steps: [
    { send: ': hello\r\n' },
    { wait: 40 },
    { send: `data: ${chunk({ role: 'assistant', content: 'Grü' }).slice(0, -3)}` },
    { wait: 60 },
    { send: `${chunk({ role: 'assistant', content: 'Grü' }).slice(-3)}\r\n\r\n` },
    { wait: 30 },
    { send: `data:${chunk({ content: 'ß ' })}\n` },
    { base64: btoa('\ndata: {"id":"c","x":"\xe2') },
    { wait: 50 },
    {
      base64: btoa(
        '\x82\xac","object":"chat.completion.chunk","created":1,"model":"odd","choices":[]}\n\n',
      ),
    },
    { send: `data: ${chunk({}, 'stop')}\n\ndata: [DONE]\n\n` },
  ],
}

const words = ['One', ' two', ' three', ' four', ' five.']
const paced: Script = {
  steps: [
    { send: `data: ${chunk({ role: 'assistant', content: '' })}\n\n` },
    ...words.flatMap((content) => [{ wait: 30 }, { send: `data: ${chunk({ content })}\n\n` }]),
    { send: `data: ${chunk({}, 'stop')}\n\ndata: [DONE]\n\n` },
  ],
}

const broken: Script = {
  steps: [
    { send: `data: ${chunk({ role: 'assistant', content: 'Half a th' })}\n\n` },
    { wait: 50 },
    { reset: true },
  ],
}

const endless: Script = {
  steps: [
    { send: `data: ${chunk({ role: 'assistant', content: 'On' })}\n\n` },
    {
      repeat: 1_000,
      steps: [{ wait: 50 }, { send: `data: ${chunk({ content: ' and on' })}\n\n` }],
    },
  ],
}

function chunk(delta: object, finish_reason: string | null = null): string {
  const choices = [{ index: 0, delta, finish_reason }]
  return JSON.stringify({
    id: 'c',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'odd',
    choices,
  })
}

/** Streams kept as they arrived, and played again. */
export function recordings(host: HostName): void {
  let upstream: Upstream
  let folder: string
  beforeAll(async () => {
    upstream = await startUpstream()
    folder = mkdtempSync(join(tmpdir(), 'sluice-recordings-'))
  })
  afterAll(async () => {
    await upstream.close()
    rmSync(folder, { recursive: true, force: true })
  })

  /** Records a script by the command; resolves with its file. */
  async function recorded(name: string, script: Script, more: string[] = []) {
    const file = join(folder, `${name}.jsonl`)
    const body = JSON.stringify({ model: name, stream: true, script })
    const ended = await runToEnd(
      host,
      ['record', upstream.url, '-o', file, '--data', body, ...more],
      { SLUICE_CLIENT_KEY: KEY },
    )
    return { file, ended, recording: parseRecording(readFileSync(file, 'utf8')) }
  }

  it('a recording holds every byte, when it came, and no key', async () => {
    const { file, ended, recording } = await recorded('odd', odd)
    expect(ended).toMatchObject({ code: 0, stdout: '' })
    expect(ended.stderr).toMatch(
      /^200 text\/event-stream.*: \d+ packets, \d+ bytes.*; ended after/m,
    )
    expect(textOf(recording)).toBe(textOfScript(odd))
    expect(recording.end.how).toBe('end')
    const { at: first = 0 } = recording.packets[0] ?? {}
    expect((recording.packets.at(-1)?.at ?? 0) - first).toBeGreaterThan(150)
    const asked = upstream.requests.findLast(({ headers }) => headers.authorization)
    expect(asked?.headers.authorization).toBe(`Bearer ${KEY}`)
    expect(readFileSync(file, 'utf8')).not.toContain(KEY)
  })

  it('a replay has the same bytes at about the same times', async () => {
    const { file, recording } = await recorded('odd', odd)
    await using server = await startTool(host, ['replay', file, '--port', '0'])
    const again = join(folder, 'again.jsonl')
    const { code } = await runToEnd(host, ['record', server.base, '-o', again])
    expect(code).toBe(0)
    const copy = parseRecording(readFileSync(again, 'utf8'))
    expect(textOf(copy)).toBe(textOf(recording))
    const late = timesOf(copy).map((time, byte) => Math.abs(time - (timesOf(recording)[byte] ?? 0)))
    late.sort((a, b) => a - b)
    // Usually about 1 ms; here others work beside it.
    expect(late[late.length >> 1]).toBeLessThan(150)
    expect(await server.stop('SIGINT')).toBe(0)
  })

  it('asks the API that the URL names', async () => {
    const script = { steps: soundMessage.map((send) => ({ send })) }
    upstream.script = script
    const file = join(folder, 'message.jsonl')
    const asked = ['record', `${upstream.url}/messages`, '-o', file, '--model', 'zoo']
    const ended = await runToEnd(host, asked, { SLUICE_CLIENT_KEY: KEY })
    upstream.script = undefined
    expect(ended.code).toBe(0)
    const recording = parseRecording(readFileSync(file, 'utf8'))
    expect(textOf(recording)).toBe(textOfScript(script))
    expect(recording.request.headers).toMatchObject({
      'anthropic-version': '2023-06-01',
      'x-api-key': '***',
    })
    const body = upstream.requests.at(-1)?.body
    expect(body).toMatchObject({ model: 'zoo', stream: true, max_tokens: expect.any(Number) })
  })

  it('a replay in single bytes, at once, is the same stream', async () => {
    const { file, recording } = await recorded('odd', odd)
    await using server = await startTool(host, [
      ...['replay', file, '--port', '0', '--speed', '0', '--split', '7'],
    ])
    const response = await postChat(server.base, { model: 'whatever' })
    expect(Buffer.from(await response.arrayBuffer()).toString('latin1')).toBe(textOf(recording))
  })

  it('a broken stream is kept, and breaks again', async () => {
    const { file, ended, recording } = await recorded('broken', broken)
    expect(ended.code).toBe(1)
    expect(ended.stderr).toContain('the connection broke after')
    expect(recording.end.how).toBe('broken')
    await using server = await startTool(host, ['replay', file, '--port', '0'])
    const read = await readStream(await postChat(server.base, { model: 'broken' }))
    expect(read.broke).toBeDefined()
  })

  it('a person who has enough keeps what came', async () => {
    const file = join(folder, 'endless.jsonl')
    const body = JSON.stringify({ model: 'endless', stream: true, script: endless })
    const data = ['record', upstream.url, '-o', file, '--data', body]
    let pid = 0
    const running = runToEnd(host, data, {}, 15_000, ({ supervisor }) => {
      pid = supervisor
    })
    await upstream.next(({ body: asked }) => `${JSON.stringify(asked)}`.includes('"endless"'))
    await sleep(400)
    process.kill(pid, 'SIGINT')
    expect(await running).toMatchObject({ code: 0 })
    const recording = parseRecording(readFileSync(file, 'utf8'))
    expect(recording.end.how).toBe('stopped')
    expect(recording.packets.length).toBeGreaterThan(2)
  })

  it('an answer that is no stream, and nobody, are recorded as well', async () => {
    const refusing: Script = { status: 401, steps: [{ send: '{"error":{"message":"no"}}' }] }
    const { ended, recording } = await recorded('refusing', refusing)
    expect(ended.stderr).toMatch(/^401 /m)
    expect(recording.response?.status).toBe(401)
    const nobody = await runToEnd(host, ['record', 'http://127.0.0.1:9/v1', '--model', 'm'])
    expect(nobody.code).toBe(1)
    expect(parseRecording(nobody.stdout)).toMatchObject({ end: { how: 'broken' }, packets: [] })
  })

  describe('as an engine', () => {
    it('answers by the contract', needs(host, 'files'), async () => {
      const { file } = await recorded('odd', odd)
      await using server = await startServer(host, ['--engine', `replay:${file}?speed=0&split=1`])
      const read = await readStream(await postChat(server.base, { model: 'odd' }))
      expect(read).toMatchObject({ outcome: 'finished', problems: [], text: 'Grüß ' })
      expect((await server.nextLog()).repaired).toContain('framing')
      const half = await recorded('broken', broken)
      await using failing = await startServer(host, [
        '--engine',
        `replay:${half.file}`,
        '--no-retry',
      ])
      const failed = await readStream(await postChat(failing.base, { model: 'broken' }))
      expect(failed).toMatchObject({ outcome: 'failed', text: 'Half a th' })
      expect(failed.error?.code).toBe('upstream_truncated')
    })

    it('answers at about the times recorded', needs(host, 'files'), async () => {
      const { file, recording } = await recorded('paced', paced)
      await using server = await startServer(host, ['--engine', `replay:${file}`])
      const again = join(folder, 'engine.jsonl')
      const asked = ['record', server.base, '-o', again, '--model', 'paced']
      expect((await runToEnd(host, asked)).code).toBe(0)
      const copy = parseRecording(readFileSync(again, 'utf8'))
      const [was, is] = [gapsOf(recording), gapsOf(copy)]
      expect(is).toHaveLength(was.length)
      const late = is.map((at, index) => Math.abs(at - (was[index] ?? 0))).sort((a, b) => a - b)
      // Usually about 1 ms; here others work beside it.
      expect(late[late.length >> 1]).toBeLessThan(150)
    })

    it.each([
      [
        ['--engine', 'replay:nowhere.jsonl'],
        host === 'workerd'
          ? /engine: this setting is not supported on workerd, .*"npm start -- replay FILE"/
          : /cannot read nowhere.jsonl/,
      ],
      [['--engine', 'tape:x'], /--engine: expected replay:FILE/],
      [
        ['--engine', 'replay:x?pitch=2'],
        /expected the options speed, split, jitter, seed, got "pitch"/,
      ],
      [['replay'], /replay: expected a file/],
      [['replay', 'package.json'], /package.json, line 1: expected a JSON object/],
      [['record'], /record: expected the URL/],
      [['record', 'ftp://x'], /expected an http or https URL/],
      [
        ['record', 'http://x', 'http://y'],
        /expected one besides the options, got "http:\/\/y" too/,
      ],
      [['record', 'http://x', '--header', 'x'], /expected 'NAME: VALUE'/],
      [['record', 'http://x', '--outputt', 'x'], /Did you mean --output\?/],
    ])('%j is refused', async (args, message) => {
      const ended = await runToEnd(host, args)
      expect(ended.code).toBe(2)
      expect(ended.stderr).toMatch(message)
      expect(ended.stderr.trim().split('\n')).toHaveLength(1)
    })
  })
}

function textOf({ packets }: Recording): string {
  return Buffer.concat(packets.map(({ bytes }) => bytes)).toString('latin1')
}

function textOfScript({ steps }: Script): string {
  const parts = steps.map((step) => {
    if ('send' in step) return Buffer.from(step.send)
    return 'base64' in step ? Buffer.from(step.base64, 'base64') : Buffer.alloc(0)
  })
  return Buffer.concat(parts).toString('latin1')
}

/** When each byte came, counted from the first. */
function timesOf({ packets }: Recording): number[] {
  const first = packets[0]?.at ?? 0
  return packets.flatMap(({ at, bytes }) => Array.from(bytes, () => at - first))
}

/** When each packet came, counted from the first. */
function gapsOf({ packets }: Recording): number[] {
  return packets.map(({ at }) => at - (packets[0]?.at ?? 0))
}
