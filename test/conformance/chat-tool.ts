import { createHash } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startCuttingProxy } from '../support/cutting-proxy.ts'
import type { Script, Scripted, Step } from '../support/script.ts'
import { type Ended, type HostName, runToEnd, startServer } from '../support/server.ts'
import { closedPort, startUpstream, type Upstream } from '../support/upstream.ts'

/** `sluice chat` in scripts: one prompt, one answer, and an exit code. */
export function chatTool(host: HostName): void {
  let upstream: Upstream
  beforeAll(async () => {
    upstream = await startUpstream({ persona: 'ollama' })
  })
  afterAll(() => upstream.close())

  function chat(args: string[], script?: Scripted, input?: string): Promise<Ended> {
    upstream.script = script ?? { persona: 'ollama', words: ['Grüß', 'Gott.'], reasoning: ['Hm'] }
    return runToEnd(host, ['chat', ...args], {}, 15_000, undefined, input)
  }

  /** The body of the request that the last answer was given to. */
  async function asked(): Promise<unknown> {
    return (await upstream.next()).body
  }

  it('prints the text alone', async () => {
    const ended = await chat([upstream.url, 'Say', 'hello', '-s', 'Be kind.', '--max-tokens', '5'])
    expect(ended).toEqual({ code: 0, stdout: 'Grüß Gott.\n', stderr: '' })
    expect(await asked()).toMatchObject({
      model: 'llama3.2:latest',
      max_tokens: 5,
      messages: [
        { role: 'system', content: 'Be kind.' },
        { role: 'user', content: 'Say hello' },
      ],
    })
  })

  it('asks the endpoint that is named, with its query', async () => {
    const ended = await chat([
      `${upstream.url}/chat/completions?api-version=7`,
      'Go',
      '-m',
      'qwen3:8b',
    ])
    expect(ended).toMatchObject({ code: 0, stderr: '' })
    const { path, headers } = await upstream.next(({ method }) => method === 'POST')
    expect(path).toBe('/v1/chat/completions?api-version=7')
    expect(headers['x-sluice-hop']).toBeUndefined()
  })

  it('explains itself', async () => {
    const { code, stdout } = await chat(['--help'])
    expect(code).toBe(0)
    expect(stdout).toMatch(/^usage: sluice chat \[URL\]/)
    for (const option of ['--model', '--system', '--raw', '--no-history']) {
      expect(stdout).toContain(option)
    }
  })

  it('gives text on exactly, however it is cut', async () => {
    const text = 'a\u001b[0m\r\n\tGrüße 👩‍👧\u202e!'
    const frames = [chunk({ content: text }), chunk({}, 'stop')].map((each) => `data: ${each}\n\n`)
    const ended = await chat([upstream.url, 'Go'], {
      steps: [{ split: 1, text: `${frames.join('')}data: [DONE]\n\n`, pause: 0 }],
    })
    expect(ended).toEqual({ code: 0, stdout: `${text}\n`, stderr: '' })
    await asked()
  })

  it('takes the prompt from the standard input', async () => {
    expect(await chat([upstream.url], undefined, 'Who?\n')).toMatchObject({ code: 0 })
    expect(await asked()).toMatchObject({ messages: [{ content: 'Who?' }] })
    expect(await chat([upstream.url, 'Read this:', '-'], undefined, 'ä\nö\n')).toMatchObject({
      code: 0,
    })
    expect(await asked()).toMatchObject({ messages: [{ content: 'Read this:\n\nä\nö' }] })
  })

  it('--raw prints the frames instead', async () => {
    const { stdout, code } = await chat([upstream.url, 'Go', '--raw'])
    expect(code).toBe(0)
    expect(stdout).toMatch(
      /^\+\d+ ms {2}200 text\/event-stream\n\+\d+ ms {2}\d+ bytes\ndata: {"id"/,
    )
    expect(stdout).toMatch(/data: \[DONE\]␊\n␊\n$/)
    await asked()
  })

  it.each<[string, Script, string, RegExp, number]>([
    ['length', whole('length'), 'Half\n', /^sluice: finished: length\n$/, 0],
    ['a cut', partial({ cut: true }), 'Half\n', /^sluice: failed: .*before a finish_reason/, 1],
    // Some servers never give a reason: with a text before it, that is an end like any other.
    ['[DONE] without a reason', partial({ send: 'data: [DONE]\n\n' }), 'Half\n', /^$/, 0],
    [
      '[DONE] before any text',
      { steps: [{ send: 'data: [DONE]\n\n' }] },
      '',
      /sent \[DONE\] before/,
      1,
    ],
    [
      'an error frame',
      partial({ send: 'data: {"error":"out"}\n\n' }),
      'Half\n',
      /answering: out/,
      1,
    ],
    [
      'a refusal',
      { status: 429, steps: [{ send: '{"error":{"message":"too many","code":"rate"}}' }] },
      '',
      /^sluice: failed: too many \[rate\]\n$/,
      1,
    ],
    [
      'a page',
      { headers: { 'content-type': 'text/html' }, steps: [{ send: '<p>Welcome' }] },
      '',
      /answered with text\/html instead of a stream/,
      1,
    ],
  ])('tells of %s', async (_, script, text, told, code) => {
    const ended = await chat([upstream.url, 'Go', '-m', 'llama3.2:latest'], script)
    expect(ended).toMatchObject({ code, stdout: text })
    expect(ended.stderr).toMatch(told)
    expect(ended.stderr.trim().split('\n')).toHaveLength(1)
    await asked()
  })

  it('a signal stops the answer at its source', async () => {
    const again: Step = {
      repeat: 10_000,
      steps: [{ send: `data: ${chunk({ content: 'on ' })}\n\n` }, { wait: 20 }],
    }
    upstream.script = { steps: [again] }
    let pid = 0
    const running = runToEnd(host, ['chat', upstream.url, 'Go'], {}, 15_000, (server) => {
      pid = server.supervisor
    })
    const request = await upstream.next()
    process.kill(pid, 'SIGINT')
    await request.closedWithin(5_000)
    expect(await running).toMatchObject({ code: 130, stderr: 'sluice: cancelled\n' })
  })

  it('says what helps where nobody answers, or a key is wanted', async () => {
    const nobody = await chat([`127.0.0.1:${await closedPort()}`, 'Go'])
    expect(nobody).toMatchObject({ code: 1, stdout: '' })
    expect(nobody.stderr).toMatch(
      /^sluice: 127\.0\.0\.1:\d+ can't be reached; check that it is running/,
    )
    const key = 'sk-secret-0123456789'
    const digest = createHash('sha256').update(key).digest('hex')
    await using server = await startServer(host, ['--upstream', upstream.url], {
      SLUICE_KEYS: JSON.stringify([{ name: 'ann', hash: `sha256:${digest}` }]),
    })
    const locked = await chat([server.base, 'Go'])
    expect(locked).toMatchObject({ code: 1, stdout: '' })
    expect(locked.stderr).toMatch(
      /^sluice: \S+ needs a key, and none was sent; set SLUICE_CLIENT_KEY/,
    )
    const allowed = await chat([server.base, 'Go', '--key', key])
    expect(allowed).toEqual({ code: 0, stdout: 'Grüß Gott.\n', stderr: '' })
    await asked()
  })

  it('goes on where it was when the connection to a sluice is lost', async () => {
    const words = Array.from({ length: 30 }, (_, at) => `wörd-${at}`)
    await using server = await startServer(host, ['--upstream', upstream.url])
    await using proxy = await startCuttingProxy(server.port)
    proxy.lengthOf = () => 2_500
    const ended = await chat([proxy.url, 'Go'], { persona: 'ollama', words, delay: 5 })
    expect(ended).toEqual({ code: 0, stdout: `${words.join(' ')}\n`, stderr: '' })
    expect(proxy.cuts).toBeGreaterThan(1)
    expect((await asked()) as object).toMatchObject({ stream: true })
  })

  it.each([
    [['ftp://x', 'Go'], /expected an http or https URL/],
    [['http://x'], /expected a prompt, got nothing/],
    [['http://x', 'Go', '--temperature', '3'], /--temperature: expected a number from 0 to 2/],
    [['http://x', 'Go', '--max-tokens', '1.5'], /--max-tokens: expected a whole number/],
    [['http://x', 'Go', '--modle', 'x'], /Did you mean --model\?/],
  ])('%j is refused', async (args, message) => {
    const ended = await chat(args)
    expect(ended).toMatchObject({ code: 2, stdout: '' })
    expect(ended.stderr).toMatch(message)
    expect(ended.stderr.trim().split('\n')).toHaveLength(1)
  })
}

function whole(reason: string): Script {
  return partial({ send: `data: ${chunk({}, reason)}\n\ndata: [DONE]\n\n` })
}

function partial(...steps: Step[]): Script {
  return { steps: [{ send: `data: ${chunk({ content: 'Half' })}\n\n` }, { wait: 50 }, ...steps] }
}

function chunk(delta: object, finish_reason: string | null = null): string {
  const choices = [{ index: 0, delta, finish_reason }]
  const envelope = { id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm' }
  return JSON.stringify({ ...envelope, choices })
}
