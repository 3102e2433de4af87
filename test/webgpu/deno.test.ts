// web-llm in Deno for real: WebGPU is computed on the CPU where there is no GPU.

import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import OpenAI from 'openai'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { hostCommand, root } from '../../scripts/hosts.mjs'
import { untilAddress } from '../package/address.ts'
import { postText, readText } from '../support/completions.ts'
import { postChat, readStream } from '../support/read.ts'

const { SLUICE_TEST_MODEL: model, SLUICE_TEST_MODEL_LIB: lib } = process.env

let folder: string
let files: Server
let base: string
const running: ChildProcess[] = []

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-webgpu-'))
  files = createServer((request, response) => {
    const isGarbage = request.url?.startsWith('/garbage/')
    if (isGarbage && request.url?.endsWith('mlc-chat-config.json')) response.end('{}')
    else if (isGarbage && request.url?.endsWith('.wasm')) response.end('no WebAssembly')
    else response.writeHead(404).end()
  })
  await new Promise<void>((resolve) => files.listen(0, '127.0.0.1', resolve))
  base = `http://127.0.0.1:${(files.address() as AddressInfo).port}`
})

afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL')
})

afterAll(() => {
  files?.close()
  rmSync(folder, { recursive: true, force: true })
})

interface Started {
  url: string
  child: ChildProcess
  output: () => string
}

async function start(
  args: string[],
  env: NodeJS.ProcessEnv = {},
  entry?: string,
): Promise<Started> {
  const command = hostCommand('deno', ['--port', '0', '--no-discover', '--webgpu', ...args])
  const { file, cwd } = command
  const own =
    entry === undefined
      ? command.args
      : command.args.map((arg) => (/\.m?[jt]s$/.test(arg) ? entry : arg))
  const child = spawn(file, own, {
    cwd,
    env: { ...command.env, DENO_DIR: join(folder, 'deno'), ...env },
  })
  running.push(child)
  let said = ''
  child.stderr?.on('data', (bytes: Buffer) => {
    said += bytes.toString()
  })
  return { url: await untilAddress(child), child, output: () => said }
}

/** What a host says that exits with code 2 instead of serving. */
async function refusedStart(
  host: Parameters<typeof hostCommand>[0],
  more: string[] = [],
  env: NodeJS.ProcessEnv = {},
): Promise<string> {
  const command = hostCommand(host, ['--port', '0', '--webgpu', ...more])
  const child = spawn(command.file, command.args, {
    cwd: command.cwd,
    env: { ...command.env, ...env },
  })
  running.push(child)
  let said = ''
  child.stderr?.on('data', (bytes: Buffer) => {
    said += bytes.toString()
  })
  const code = await new Promise((resolve) => child.once('close', resolve))
  expect(code).toBe(2)
  return said
}

function listOf(records: object[]): string {
  const path = join(folder, `models-${Math.random()}.json`)
  writeFileSync(path, JSON.stringify(records))
  return path
}

async function ask(url: string, body: object): Promise<Response> {
  return fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ messages: [{ role: 'user', content: 'Hello' }], ...body }),
  })
}

async function refusal(response: Response) {
  const { error } = (await response.json()) as { error: { code: string; message: string } }
  return { status: response.status, ...error }
}

describe('the real adapter', () => {
  it('lists what it can run, and says by name what a model lacks', async () => {
    const missing = {
      model: `${base}/missing`,
      model_id: 'missing',
      model_lib: `${base}/missing.wasm`,
    }
    const garbage = {
      ...missing,
      model: `${base}/garbage`,
      model_id: 'garbage',
      model_lib: `${base}/garbage/lib.wasm`,
    }
    const { url } = await start([
      '--webgpu-models',
      listOf([missing, garbage]),
      '--webgpu-memory',
      '2GB',
    ])
    const { data } = (await (await fetch(`${url}/v1/models`)).json()) as {
      data: { id: string; memory_mb?: number; owned_by: string }[]
    }
    const own = data.filter(({ owned_by }) => owned_by === 'web-llm')
    expect(own.length).toBeGreaterThan(10)
    expect(own.slice(0, 2).map(({ id }) => id)).toEqual(['missing', 'garbage'])
    expect(own.every(({ memory_mb = 0 }) => memory_mb <= 2_000)).toBe(true)

    expect(await refusal(await ask(url, { model: 'missing' }))).toMatchObject({
      status: 503,
      code: 'model_load_failed',
      message: expect.stringMatching(/^model: missing could not be loaded: .*404/),
    })
    expect(await refusal(await ask(url, { model: 'garbage', stream: true }))).toMatchObject({
      status: 503,
      code: 'model_load_failed',
    })
    expect(await refusal(await ask(url, { model: 'mising' }))).toMatchObject({
      status: 404,
      code: 'model_not_found',
      message: expect.stringContaining('"missing"'),
    })
    expect(await refusal(await ask(url, { model: 'missing', n: 2 }))).toMatchObject({ status: 400 })
  }, 60_000)

  it('that is missing is one message with what to do', async () => {
    // Vulkan finds no driver.
    const none = '/nowhere.json'
    const env = { DENO_WEBGPU_BACKEND: 'vulkan', VK_ICD_FILENAMES: none, VK_DRIVER_FILES: none }
    expect(await refusedStart('deno', [], env)).toMatch(
      /^sluice: webgpu: WebGPU found no GPU\. .*mesa-vulkan-drivers\n$/,
    )
  }, 30_000)

  it('is refused where the list of models is none', async () => {
    const args = ['--webgpu-models', join(root, 'README.md')]
    expect(await refusedStart('deno', args)).toMatch(
      /^sluice: webgpuModels: cannot read .*README\.md \(/,
    )
  }, 30_000)
})

it('is refused by hosts that have no WebGPU', async () => {
  for (const host of ['bun', 'node', 'workerd'] as const) {
    expect(await refusedStart(host)).toMatch(
      /webgpu: this setting is not supported on \w+, only on Deno; run it on Deno/,
    )
  }
}, 30_000)

/** Text completions: no template stands between the prompt and what is made of it. */
async function expectCompletions(client: OpenAI, base: string): Promise<void> {
  const asked = { model: 'real', prompt: ['Hello', 'Well'], max_tokens: 2, temperature: 0 }
  const { choices, usage } = await client.completions.create({ ...asked, echo: true })
  expect(choices.map(({ finish_reason }) => finish_reason)).toEqual(['length', 'length'])
  expect(usage?.completion_tokens).toBe(4)
  const texts = choices.map(({ text }) => text)
  expect(texts[0]).toMatch(/^Hello./)
  expect(texts[1]).toMatch(/^Well./)
  const body = { ...asked, echo: true, stream_options: { include_usage: true } }
  const read = await readText(await postText(base, body), body)
  expect(read).toMatchObject({ outcome: 'finished', problems: [], texts })
}

describe.skipIf(!model || !lib)('real generation, slow', () => {
  it('loads, streams, folds, stops and refuses as every host does', async () => {
    const records = [{ model, model_id: 'real', model_lib: lib }]
    const entry = join(root, 'test/webgpu/deno-real.ts')
    const { url, output } = await start(
      ['--webgpu-models', listOf(records), '--model', 'real'],
      {},
      entry,
    )
    const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'none', maxRetries: 0 })
    const messages = [{ role: 'user' as const, content: 'Hello' }]

    const startedAt = performance.now()
    const whole = await client.chat.completions.create({
      messages,
      model: 'real',
      max_tokens: 3,
      temperature: 0,
    })
    const said = whole.choices[0]?.message.content ?? ''
    expect(said.length).toBeGreaterThan(0)
    expect(whole.choices[0]?.finish_reason).toBe('length')
    expect(whole.usage?.completion_tokens).toBe(3)
    expect(output()).toContain('loading real: 100 %')

    // Judged as every host's streams are.
    const limits = { model: 'real', max_tokens: 3, temperature: 0, messages }
    const response = await postChat(`${url}/v1`, {
      ...limits,
      stream_options: { include_usage: true },
    })
    const stream = await readStream(response, { usage: true })
    expect(stream).toMatchObject({ outcome: 'finished', problems: [], text: said })
    expect(stream.usage).toMatchObject({ completion_tokens: 3 })

    await expectCompletions(client, `${url}/v1`)

    const control = new AbortController()
    const endless = (await client.chat.completions.create(
      { messages, model: 'real', temperature: 0, stream: true, ignore_eos: true } as never,
      { signal: control.signal },
    )) as unknown as AsyncIterable<OpenAI.ChatCompletionChunk>
    let chunks = 0
    for await (const _ of endless) if (++chunks === 2) control.abort()
    const leftAt = performance.now()
    const after = await client.chat.completions.create({
      messages,
      model: 'real',
      max_tokens: 1,
      temperature: 0,
    })
    const waited = performance.now() - leftAt

    const long = [{ role: 'user' as const, content: 'x '.repeat(5_000) }]
    await expect(
      client.chat.completions.create({ messages: long, model: 'real', stream: true }),
    ).rejects.toMatchObject({
      status: 400,
      code: 'context_length_exceeded',
    })
    const { data } = (await (await fetch(`${url}/v1/models`)).json()) as { data: object[] }
    expect(data[0]).toMatchObject({ id: 'real', loaded: true })
    const { usage } = after as unknown as { usage: { extra?: object } }
    process.stdout.write(
      `real generation in Deno: ${JSON.stringify(said)}, ${((performance.now() - startedAt) / 1000).toFixed(1)} s in all, ${waited.toFixed(0)} ms from a hang-up to the next answer; ${JSON.stringify(usage.extra)}\n`,
    )
  }, 600_000)

  it('says what is wrong with a model that is cut short, or of another version', async () => {
    const cut = createServer(async (request, response) => {
      const file = await fetch(`${model}${request.url}`)
      const bytes = new Uint8Array(await file.arrayBuffer())
      const isShard = request.url?.includes('params_shard')
      response.writeHead(file.status).end(isShard ? bytes.subarray(0, 100) : bytes)
    })
    await new Promise<void>((resolve) => cut.listen(0, '127.0.0.1', resolve))
    const { port } = cut.address() as AddressInfo
    const short = { model: `http://127.0.0.1:${port}`, model_id: 'short', model_lib: lib }
    const entry = join(root, 'test/webgpu/deno-real.ts')
    try {
      const older = await start(['--webgpu-models', listOf([short])], {}, entry)
      expect(await refusal(await ask(older.url, { model: 'short' }))).toMatchObject({
        status: 503,
        code: 'model_load_failed',
      })
    } finally {
      cut.closeAllConnections()
      cut.close()
    }
    // web-llm's own pipeline of 0.2.86, for which the library is too old.
    const old = { model, model_id: 'old', model_lib: lib }
    const newer = await start(['--webgpu-models', listOf([old])])
    const wrong = await refusal(await ask(newer.url, { model: 'old' }))
    process.stdout.write(`a library of another version: ${wrong.message}\n`)
    expect(wrong).toMatchObject({ status: 503, code: 'model_load_failed' })
  }, 120_000)
})
