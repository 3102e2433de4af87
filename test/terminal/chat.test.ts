import { describe, expect, it } from 'vitest'
import { hostCommand } from '../../scripts/hosts.mjs'
import { openTerminal, runIn, startIn } from '../support/terminal.ts'
import { closedPort } from '../support/upstream.ts'
import { chunk, delta, endless, finish, hosts, STTY, script, useChat } from './open-chat.ts'

describe.each(hosts)('chat in a terminal, on %s', (host) => {
  const chat = useChat(host)

  it('prints an answer as it comes, measures it, and goes on with the conversation', async () => {
    await using terminal = await chat.open()
    chat.upstream.script = script([
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
    expect(chat.asked()).toEqual([
      { role: 'user', content: 'Count, bitte schön' },
      { role: 'assistant', content: 'One, two.' },
      { role: 'user', content: 'And on' },
    ])
  })

  it('Ctrl-C stops the answer at its source, and not the chat', async () => {
    await using terminal = await chat.open()
    chat.upstream.script = endless
    terminal.enter('Go on')
    await terminal.until(/and on and on/)
    const request = await chat.upstream.next()
    terminal.press('C-c')
    await request.closedWithin(5_000)
    await terminal.until(/cancelled[\s\S]*\n>$/)
    chat.upstream.script = { persona: 'ollama' }
    terminal.enter('Enough?')
    await terminal.until(/finished: stop[\s\S]*\n>$/)
    expect(chat.asked()).toMatchObject([{ content: 'Go on' }, { content: /and on/ }, {}])
  })

  it('Ctrl-C while nothing has come stops as well, and shows how long it waited', async () => {
    await using terminal = await chat.open()
    chat.upstream.script = { headersAfter: 'never', steps: [] }
    terminal.enter('Anyone?')
    await terminal.until(/^waiting \d s/m)
    const request = await chat.upstream.next()
    terminal.press('C-c')
    await request.closedWithin(5_000)
    expect(await terminal.until(/cancelled[\s\S]*\n>$/)).not.toContain('waiting')
  })

  it.each([
    ['Ctrl-C twice', [['C-c'], ['C-c']]],
    ['Ctrl-C twice, the second before the first is handled,', [['C-c', 'C-c']]],
    ['Ctrl-D', [['C-d']]],
    ['/exit', [['/exit', 'Enter']]],
  ])('%s leaves, and the terminal is as it was', async (_, keys) => {
    await using terminal = await openTerminal({ columns: 120 })
    terminal.enter('stty -g')
    const [before] = (await terminal.until(STTY)).match(STTY) ?? []
    startIn(terminal, host, ['chat', chat.upstream.url])
    await terminal.until(/^>$/m)
    terminal.type('half a line')
    terminal.press('C-c')
    await terminal.until(/half a line\^C\n>$/)
    for (const together of keys) terminal.press(...together)
    await terminal.until(/^ended 0$/m)
    terminal.enter('clear; stty -g')
    const [after] = (await terminal.until(STTY)).match(STTY) ?? []
    expect(after).toBe(before)
  })

  it('a signal that ends it leaves the terminal as it was', async () => {
    await using terminal = await chat.open()
    chat.upstream.script = endless
    terminal.enter('Go on')
    const request = await chat.upstream.next()
    terminal.enter('stty -a | grep -o ".icanon"; echo typed ahead')
    process.kill(terminal.pid(), 'SIGTERM')
    await request.closedWithin(5_000)
    await terminal.until(/^ended 0$/m)
    terminal.enter('clear; stty -a | grep -o ".icanon"; echo looked')
    expect(await terminal.until(/^looked$/m)).not.toContain('-icanon')
  })

  it('lists the models, takes another, and refuses one that is not there', async () => {
    await using terminal = await chat.open()
    terminal.enter('/model')
    await terminal.until(/^\* llama3\.2:latest\n {2}qwen3:8b$/m)
    terminal.enter('/model qwen3')
    await terminal.until(/There is no model qwen3: did you mean qwen3:8b\?/)
    terminal.enter('/model qwen3:8b')
    await terminal.until(/The model is now qwen3:8b/)
    terminal.enter('Who are you?')
    await terminal.until(/finished: stop/)
    expect((await chat.upstream.next()).body).toMatchObject({ model: 'qwen3:8b' })
    terminal.enter('/modle')
    await terminal.until(/There is no command \/modle: did you mean \/model\?/)
    expect(chat.upstream.requests.filter(({ method }) => method === 'POST')).toHaveLength(1)
  })

  it('/raw shows the bytes as they came, cut characters too', async () => {
    await using terminal = await chat.open([], { columns: 120 })
    chat.upstream.script = script([
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

  it('stops an answer that nobody reads any more', async () => {
    await using terminal = await openTerminal()
    chat.upstream.script = endless
    const { file, args } = hostCommand(host, ['chat', chat.upstream.url, 'Go on'])
    const line = [file, ...args].map((word) => `'${word}'`).join(' ')
    runIn(terminal, ['sh', '-c', `${line} | head -c 9`])
    const request = await chat.upstream.next()
    await request.closedWithin(5_000)
    await terminal.until(/^On and on/m)
  })

  it('what a model sends can do nothing to the terminal', async () => {
    await using terminal = await chat.open()
    const attack = '\u001b[2J\u001b]0;owned\u0007\rover\u009b31m \u202eflipped\n\tkept 👩‍👧'
    chat.upstream.script = script([...[...attack].map((letter) => delta(letter)), finish('stop')])
    terminal.enter('Attack')
    const screen = await terminal.until(/finished: stop/)
    expect(screen).toContain(
      '\\u001b[2J\\u001b]0;owned\\u0007\\u000dover\\u009b31m \\u202eflipped\n',
    )
    expect(screen).toMatch(/^ {8}kept 👩/m)
    expect(screen).toContain('> Attack')
  })

  it('says where nobody answers', async () => {
    await using terminal = await openTerminal()
    startIn(terminal, host, ['chat', `127.0.0.1:${await closedPort()}`])
    expect(await terminal.until(/^ended 1$/m)).toMatch(/sluice: \S+ can't be reached/)
  })

  it('says of a stream that ends without a finish that it did, and asks again', async () => {
    await using terminal = await chat.open()
    chat.upstream.script = script([delta('Half a'), { wait: 50 }, { cut: true }], false)
    terminal.enter('Go')
    await terminal.until(/failed: [\s\S]*before a finish_reason[\s\S]*\[upstream_truncated\]/)
    chat.upstream.script = { status: 503, steps: [{ send: '{"error":{"message":"no room"}}' }] }
    terminal.enter('/retry')
    await terminal.until(/failed: no room/)
    chat.upstream.script = { persona: 'ollama', words: ['JsonAnswer'] }
    terminal.enter('/retry')
    await terminal.until(/^JsonAnswer\n[\s\S]*finished: stop/m)
    expect(chat.asked()).toEqual([{ role: 'user', content: 'Go' }])
  })

  it('shows reasoning apart and names tool calls, with colours and without', async () => {
    for (const [env, seen] of [
      [{}, /\[2mHm, well.*\n.*So be it\./],
      [
        { NO_COLOR: '1' },
        /^\[reasoning\]\nHm, well\n\[answer\]\nSo be it\.\ncalls look {"up":1}$/m,
      ],
    ] as const) {
      await using terminal = await chat.open([], { env })
      chat.upstream.script = {
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
})
