import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { binaryOf } from '../../scripts/hosts.mjs'
import { openTerminal, runIn, startIn } from '../support/terminal.ts'
import { delta, endless, finish, hosts, script, useChat } from './open-chat.ts'

describe.each(hosts)('typing in the chat, on %s', (host) => {
  const chat = useChat(host)

  it('breaks its lines where a narrow window ends, and follows another size', async () => {
    await using terminal = await chat.open([], { columns: 26 })
    chat.upstream.script = { persona: 'ollama', delay: 15 }
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
    await using terminal = await chat.open()
    terminal.paste('if x:\n\treturn "a"\n/not a command\nend')
    await terminal.until(/^\. end$/m)
    terminal.press('Enter')
    await terminal.until(/finished: stop/)
    expect(chat.asked()).toMatchObject([{ content: 'if x:\n\treturn "a"\n/not a command\nend' }])
    terminal.enter('/clear')
    terminal.enter('one\\')
    terminal.enter('two')
    await terminal.until(/(finished: stop[\s\S]*){2}\n>$/)
    expect(chat.asked()).toMatchObject([{ content: 'one\ntwo' }])
    terminal.enter('/clear')
    terminal.enter('"""/etc')
    terminal.enter('is full"""')
    await terminal.until(/(finished: stop[\s\S]*){3}\n>$/)
    expect(chat.asked()).toMatchObject([{ content: '/etc\nis full' }])
    terminal.enter('/clear')
    terminal.enter('//etc')
    await terminal.until(/(finished: stop[\s\S]*){4}\n>$/)
    expect(chat.asked()).toMatchObject([{ content: '/etc' }])
  })

  it('keeps what is typed during an answer, and shows it behind', async () => {
    await using terminal = await chat.open([], { columns: 30 })
    chat.upstream.script = { persona: 'ollama', words: ['Wait', 'for', 'me.'], delay: 300 }
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
    expect(chat.asked()).toMatchObject([{}, {}, { content: 'first' }, {}, { content: long }])
  })

  it('answers a prompt of the command line once, and does no harm either', async () => {
    await using terminal = await openTerminal()
    chat.upstream.script = script([delta('\u001b[2Jkept\r\n'), delta('too'), finish('stop')])
    startIn(terminal, host, ['chat', chat.upstream.url, 'Go'])
    expect(await terminal.until(/^ended 0$/m)).toMatch(/^\\u001b\[2Jkept\ntoo\nended 0$/m)
  })

  it('keeps what was typed for the next time, unless it may not', async () => {
    await using terminal = await chat.open(['--system', 'Be short.'])
    terminal.enter('Remember me')
    await terminal.until(/finished: stop/)
    expect(chat.asked()).toMatchObject([{ role: 'system', content: 'Be short.' }, {}])
    const saved = join(terminal.folder, 'talk.json')
    terminal.enter(`/save ${saved}`)
    await terminal.until(/^Saved to/m)
    expect(JSON.parse(readFileSync(saved, 'utf8'))).toEqual({
      model: 'llama3.2:latest',
      messages: [...(chat.asked() as object[]), { role: 'assistant', content: 'So be it.' }],
    })
    terminal.enter(`/save ${saved}`)
    await terminal.until(/EEXIST|exists/)
    terminal.press('C-d')
    await terminal.until(/^ended 0$/m)
    const file = join(terminal.folder, 'sluice/chat-history')
    expect(readFileSync(file, 'utf8')).toBe(`Remember me\n/save ${saved}\n/save ${saved}\n`)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    startIn(terminal, host, ['chat', chat.upstream.url, '--no-history'])
    await terminal.until(/^>$/m)
    terminal.press('Up')
    terminal.enter('Forget me')
    await terminal.until(/^> Forget me$[\s\S]*finished: stop/m)
    expect(readFileSync(file, 'utf8')).not.toContain('Forget')
    terminal.press('C-d')
    await terminal.until(/^ended 0$/m)
    startIn(terminal, host, ['chat', chat.upstream.url])
    await terminal.until(/^>$/m)
    terminal.press('Up')
    await terminal.until(/^> \/save \S+$/m)
    terminal.press('Up')
    await terminal.until(/^> Remember me$/m)
  })

  it('can be started by npm start, and follows keys and sizes there too', async () => {
    await using terminal = await openTerminal({ columns: 120 })
    runIn(terminal, [binaryOf('node'), 'scripts/start.mjs', host, 'chat', chat.upstream.url])
    await terminal.until(/^>$/m)
    chat.upstream.script = endless
    terminal.enter('Go on')
    const request = await chat.upstream.next()
    terminal.press('C-c')
    await request.closedWithin(5_000)
    await terminal.until(/cancelled[\s\S]*\n>$/)
    await terminal.resize(30)
    chat.upstream.script = { persona: 'ollama' }
    terminal.enter('Go on')
    await terminal.until(/ms to the first token\n/)
    terminal.press('C-d')
    await terminal.until(/^ended 0$/m)
  })
})
