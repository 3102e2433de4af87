import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { binaryOf, hostCommand } from '../../scripts/hosts.mjs'
import type { ProcessHost } from '../support/hosts.ts'
import type { Script, Step } from '../support/script.ts'
import {
  openTerminal,
  runIn,
  startIn,
  type Terminal,
  type TerminalOptions,
} from '../support/terminal.ts'
import { closedPort, startUpstream, type Upstream } from '../support/upstream.ts'

const hosts: ProcessHost[] = ['bun', 'deno', 'node']

describe.each(hosts)('chat in a terminal, on %s', (host) => {
  let upstream: Upstream
  beforeAll(async () => {
    upstream = await startUpstream({ persona: 'ollama' })
  })
  afterAll(() => upstream.close())
  beforeEach(() => {
    upstream.script = { persona: 'ollama', words: ['So', 'be', 'it.'] }
    upstream.requests.length = 0
  })

  async function open(args: string[] = [], options: TerminalOptions = {}): Promise<Terminal> {
    const terminal = await openTerminal(options)
    startIn(terminal, host, ['chat', upstream.url, ...args])
    await terminal.until(/^>$/m)
    return terminal
  }

  /** The messages of the last chat request. */
  function asked(): unknown {
    const last = upstream.requests.findLast(({ path }) => path.endsWith('/chat/completions'))
    return (last?.body as { messages?: unknown } | undefined)?.messages
  }

  it('prints an answer as it comes, measures it, and goes on with the conversation', async () => {
    await using terminal = await open()
    upstream.script = script([
      delta('One, '),
      { wait: 700 },
      delta('two.'),
      { wait: 50 },
      finish('length'),
      {
        chunk: {
          ...chunk([]),
          usage: { prompt_tokens: 9, completion_tokens: 2, total_tokens: 11 },
        },
      },
    ])
    terminal.enter('Count, bitte schön')
    expect(await terminal.until(/^One,/m)).not.toContain('two.')
    const screen = await terminal.until(/finished: length/)
    expect(screen).toMatch(/^One, two\.\n/m)
    expect(screen).toMatch(/ms to the first token · [01]\.\d tokens\/s · 2 tokens \(9 in\)/)
    terminal.enter('And on')
    await terminal.until(/finished[\s\S]*> And on[\s\S]*finished/)
    expect(asked()).toEqual([
      { role: 'user', content: 'Count, bitte schön' },
      { role: 'assistant', content: 'One, two.' },
      { role: 'user', content: 'And on' },
    ])
  })

  it('Ctrl-C stops the answer at its source, and not the chat', async () => {
    await using terminal = await open()
    upstream.script = endless
    terminal.enter('Go on')
    await terminal.until(/and on and on/)
    const request = await upstream.next()
    terminal.press('C-c')
    await request.closedWithin(5_000)
    await terminal.until(/cancelled[\s\S]*\n>$/)
    upstream.script = { persona: 'ollama' }
    terminal.enter('Enough?')
    await terminal.until(/finished: stop[\s\S]*\n>$/)
    expect(asked()).toMatchObject([{ content: 'Go on' }, { content: /and on/ }, {}])
  })

  it('Ctrl-C while nothing has come stops as well, and shows how long it waited', async () => {
    await using terminal = await open()
    upstream.script = { headersAfter: 'never', steps: [] }
    terminal.enter('Anyone?')
    await terminal.until(/^waiting \d s/m)
    const request = await upstream.next()
    terminal.press('C-c')
    await request.closedWithin(5_000)
    expect(await terminal.until(/cancelled[\s\S]*\n>$/)).not.toContain('waiting')
  })

  it.each([
    ['Ctrl-C twice', ['C-c', 'C-c']],
    ['Ctrl-D', ['C-d']],
    ['/exit', ['/exit', 'Enter']],
  ])('%s leaves, and the terminal is as it was', async (_, keys) => {
    await using terminal = await openTerminal({ columns: 120 })
    terminal.enter('stty -g')
    const [before] = (await terminal.until(STTY)).match(STTY) ?? []
    startIn(terminal, host, ['chat', upstream.url])
    await terminal.until(/^>$/m)
    terminal.type('half a line')
    terminal.press('C-c')
    await terminal.until(/half a line\^C\n>$/)
    for (const key of keys) terminal.press(key)
    await terminal.until(/^ended 0$/m)
    terminal.enter('clear; stty -g')
    const [after] = (await terminal.until(STTY)).match(STTY) ?? []
    expect(after).toBe(before)
  })

  it('a signal that ends it leaves the terminal as it was', async () => {
    await using terminal = await open()
    upstream.script = endless
    terminal.enter('Go on')
    const request = await upstream.next()
    terminal.enter('stty -a | grep -o ".icanon"; echo typed ahead')
    process.kill(terminal.pid(), 'SIGTERM')
    await request.closedWithin(5_000)
    await terminal.until(/^ended 0$/m)
    terminal.enter('clear; stty -a | grep -o ".icanon"; echo looked')
    expect(await terminal.until(/^looked$/m)).not.toContain('-icanon')
  })

  it('lists the models, takes another, and refuses one that is not there', async () => {
    await using terminal = await open()
    terminal.enter('/model')
    await terminal.until(/^\* llama3\.2:latest\n {2}qwen3:8b$/m)
    terminal.enter('/model qwen3')
    await terminal.until(/There is no model qwen3: did you mean qwen3:8b\?/)
    terminal.enter('/model qwen3:8b')
    await terminal.until(/The model is now qwen3:8b/)
    terminal.enter('Who are you?')
    await terminal.until(/finished: stop/)
    expect((await upstream.next()).body).toMatchObject({ model: 'qwen3:8b' })
    terminal.enter('/modle')
    await terminal.until(/There is no command \/modle: did you mean \/model\?/)
    expect(upstream.requests.filter(({ method }) => method === 'POST')).toHaveLength(1)
  })

  it('/raw shows the bytes as they came, cut characters too', async () => {
    await using terminal = await open([], { columns: 120 })
    upstream.script = script([
      delta('a'),
      { wait: 80 },
      { base64: btoa('data: {"x":"\xe2') },
      { wait: 80 },
      { base64: btoa('\x82\xac","choices":[]}\r\n\r\n') },
      finish('stop'),
    ])
    terminal.enter('/raw')
    terminal.enter('Go')
    const screen = await terminal.until(/finished: stop/)
    expect(screen).toMatch(/^\+\d+ ms {2}200 text\/event-stream$/m)
    expect(screen).toMatch(
      /^data: {"x":"<e2>\n\+\d+ ms {2}\d+ bytes\n<82><ac>","choices":\[\]}␍␊\n␍␊$/m,
    )
    expect(screen).toMatch(/^data: \[DONE\]␊\n␊$/m)
    terminal.enter('/raw')
    terminal.enter('Again')
    await terminal.until(/^a$/m)
  })

  it('breaks its lines where a narrow window ends, and follows another size', async () => {
    await using terminal = await open([], { columns: 26 })
    upstream.script = { persona: 'ollama', delay: 15 }
    terminal.enter('Hi')
    await terminal.until(/finished: stop\n[\s\S]*\n>$/)
    const own = terminal.screen().split('finished: stop')[0]?.split('\n').slice(-4)
    expect(own?.join('\n')).toMatch(
      /^\d+ ms to the first token\n\S+ tokens\/s\n9 tokens \(9 in\)$/m,
    )
    expect(terminal.joined()).toMatch(/to the first token\n/)
    await terminal.resize(100)
    terminal.enter('Hi again')
    await terminal.until(
      /to the first token · \d+ tokens\/s · .* · finished: stop · \S+ ≤ \d+ ms\n>$/m,
    )
    terminal.enter('/gaps')
    await terminal.until(/^ *\d+–\d+ ms +\d+ █+$/m)
  })

  it('takes a paste as one message, and text of many lines', async () => {
    await using terminal = await open()
    terminal.paste('if x:\n\treturn "a"\n/not a command\nend')
    await terminal.until(/^\. end$/m)
    terminal.press('Enter')
    await terminal.until(/finished: stop/)
    expect(asked()).toMatchObject([{ content: 'if x:\n\treturn "a"\n/not a command\nend' }])
    terminal.enter('/clear')
    terminal.enter('one\\')
    terminal.enter('two')
    await terminal.until(/(finished: stop[\s\S]*){2}\n>$/)
    expect(asked()).toMatchObject([{ content: 'one\ntwo' }])
    terminal.enter('/clear')
    terminal.enter('"""/etc')
    terminal.enter('is full"""')
    await terminal.until(/(finished: stop[\s\S]*){3}\n>$/)
    expect(asked()).toMatchObject([{ content: '/etc\nis full' }])
    terminal.enter('/clear')
    terminal.enter('//etc')
    await terminal.until(/(finished: stop[\s\S]*){4}\n>$/)
    expect(asked()).toMatchObject([{ content: '/etc' }])
  })

  it('keeps what is typed during an answer, and shows it behind', async () => {
    await using terminal = await open([], { columns: 30 })
    upstream.script = { persona: 'ollama', words: ['Wait', 'for', 'me.'], delay: 300 }
    terminal.enter('Go')
    await terminal.until(/^Wait/m)
    terminal.enter('first')
    const long = 'a text that is longer than the window is wide, and wraps'
    terminal.type(long)
    const screen = await terminal.until(/> a text that is longer/)
    expect(screen).toMatch(/^> Go\nWait for me\.\n\d+ ms to the first token\n/m)
    expect(screen).toMatch(/finished: stop.*\n(\S+ ≤ .*\n)?> first\nWait for me\.\n\d+ ms to/)
    expect(screen).toMatch(/finished: stop.*\n(\S+ ≤ .*\n)?> a text/)
    terminal.press('Enter')
    await terminal.until(/(finished: stop[\s\S]*){3}\n>$/)
    expect(asked()).toMatchObject([{}, {}, { content: 'first' }, {}, { content: long }])
  })

  it('stops an answer that nobody reads any more', async () => {
    await using terminal = await openTerminal()
    upstream.script = endless
    const { file, args } = hostCommand(host, ['chat', upstream.url, 'Go on'])
    const line = [file, ...args].map((word) => `'${word}'`).join(' ')
    runIn(terminal, ['sh', '-c', `${line} | head -c 9`])
    const request = await upstream.next()
    await request.closedWithin(5_000)
    await terminal.until(/^On and on/m)
  })

  it('what a model sends can do nothing to the terminal', async () => {
    await using terminal = await open()
    const attack = '\u001b[2J\u001b]0;owned\u0007\rover\u009b31m \u202eflipped\n\tkept 👩‍👧'
    upstream.script = script([...[...attack].map((letter) => delta(letter)), finish('stop')])
    terminal.enter('Attack')
    const screen = await terminal.until(/finished: stop/)
    expect(screen).toContain(
      '\\u001b[2J\\u001b]0;owned\\u0007\\u000dover\\u009b31m \\u202eflipped\n',
    )
    expect(screen).toMatch(/^ {8}kept 👩/m)
    expect(screen).toContain('> Attack')
  })

  it('answers a prompt of the command line once, and does no harm either', async () => {
    await using terminal = await openTerminal()
    upstream.script = script([delta('\u001b[2Jkept\r\n'), delta('too'), finish('stop')])
    startIn(terminal, host, ['chat', upstream.url, 'Go'])
    expect(await terminal.until(/^ended 0$/m)).toMatch(/^\\u001b\[2Jkept\ntoo\nended 0$/m)
  })

  it('says where nobody answers', async () => {
    await using terminal = await openTerminal()
    startIn(terminal, host, ['chat', `127.0.0.1:${await closedPort()}`])
    expect(await terminal.until(/^ended 1$/m)).toMatch(/sluice: \S+ can't be reached/)
  })

  it('says of a stream that ends without a finish that it did, and asks again', async () => {
    await using terminal = await open()
    upstream.script = script([delta('Half a'), { wait: 50 }, { cut: true }], false)
    terminal.enter('Go')
    await terminal.until(/failed: [\s\S]*before a finish_reason[\s\S]*\[upstream_truncated\]/)
    upstream.script = { status: 503, steps: [{ send: '{"error":{"message":"no room"}}' }] }
    terminal.enter('/retry')
    await terminal.until(/failed: no room/)
    upstream.script = { persona: 'ollama', words: ['JsonAnswer'] }
    terminal.enter('/retry')
    await terminal.until(/^JsonAnswer\n[\s\S]*finished: stop/m)
    expect(asked()).toEqual([{ role: 'user', content: 'Go' }])
  })

  it('shows reasoning apart and names tool calls, with colours and without', async () => {
    for (const [env, seen] of [
      [{}, /\[2mHm, well.*\n.*So be it\./],
      [
        { NO_COLOR: '1' },
        /^\[reasoning\]\nHm, well\n\[answer\]\nSo be it\.\ncalls look {"up":1}$/m,
      ],
    ] as const) {
      await using terminal = await open([], { env })
      upstream.script = {
        persona: 'vllm',
        reasoning: ['Hm,', 'well'],
        words: ['So', 'be', 'it.'],
        toolCalls: [{ name: 'look', arguments: ['{"up"', ':1}'] }],
      }
      terminal.enter('Go')
      await terminal.until(/finished: tool_calls/)
      expect(terminal.coloured()).toMatch(seen)
    }
  })

  it('keeps what was typed for the next time, unless it may not', async () => {
    await using terminal = await open(['--system', 'Be short.'])
    terminal.enter('Remember me')
    await terminal.until(/finished: stop/)
    expect(asked()).toMatchObject([{ role: 'system', content: 'Be short.' }, {}])
    const saved = join(terminal.folder, 'talk.json')
    terminal.enter(`/save ${saved}`)
    await terminal.until(/^Saved to/m)
    expect(JSON.parse(readFileSync(saved, 'utf8'))).toEqual({
      model: 'llama3.2:latest',
      messages: [...(asked() as object[]), { role: 'assistant', content: 'So be it.' }],
    })
    terminal.enter(`/save ${saved}`)
    await terminal.until(/EEXIST|exists/)
    terminal.press('C-d')
    await terminal.until(/^ended 0$/m)
    const file = join(terminal.folder, 'sluice/chat-history')
    expect(readFileSync(file, 'utf8')).toBe(`Remember me\n/save ${saved}\n/save ${saved}\n`)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    startIn(terminal, host, ['chat', upstream.url, '--no-history'])
    await terminal.until(/^>$/m)
    terminal.press('Up')
    terminal.enter('Forget me')
    await terminal.until(/^> Forget me$[\s\S]*finished: stop/m)
    expect(readFileSync(file, 'utf8')).not.toContain('Forget')
    terminal.press('C-d')
    await terminal.until(/^ended 0$/m)
    startIn(terminal, host, ['chat', upstream.url])
    await terminal.until(/^>$/m)
    terminal.press('Up')
    await terminal.until(/^> \/save \S+$/m)
    terminal.press('Up')
    await terminal.until(/^> Remember me$/m)
  })

  it('can be started by npm start, and follows keys and sizes there too', async () => {
    await using terminal = await openTerminal({ columns: 120 })
    runIn(terminal, [binaryOf('node'), 'scripts/start.mjs', host, 'chat', upstream.url])
    await terminal.until(/^>$/m)
    upstream.script = endless
    terminal.enter('Go on')
    const request = await upstream.next()
    terminal.press('C-c')
    await request.closedWithin(5_000)
    await terminal.until(/cancelled[\s\S]*\n>$/)
    await terminal.resize(30)
    upstream.script = { persona: 'ollama' }
    terminal.enter('Go on')
    await terminal.until(/ms to the first token\n/)
    terminal.press('C-d')
    await terminal.until(/^ended 0$/m)
  })
})

/** What `stty -g` prints. */
const STTY = /^(\w+:){9,}\w+$/m

const endless: Script = {
  steps: [
    {
      chunk: chunk([
        { index: 0, delta: { role: 'assistant', content: 'On' }, finish_reason: null },
      ]),
    },
    { repeat: 10_000, steps: [delta(' and on'), { wait: 20 }] },
  ],
}

function script(steps: Step[], done = true): Script {
  return { steps: done ? [...steps, { send: 'data: [DONE]\n\n' }] : steps }
}

function delta(content: string): Step {
  return { chunk: chunk([{ index: 0, delta: { content }, finish_reason: null }]) }
}

function finish(finish_reason: string): Step {
  return { chunk: chunk([{ index: 0, delta: {}, finish_reason }]) }
}

function chunk(choices: object[]) {
  return { id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices }
}
