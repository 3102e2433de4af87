import { describe, expect, it } from 'vitest'
import { binaryOf, hostCommand } from '../../scripts/hosts.mjs'
import { openTerminal, runIn, startIn } from '../support/terminal.ts'
import { delta, endless, finish, STTY, script, topHosts } from './open-chat.ts'
import { TITLES, useTop } from './open-top.ts'

/** A row that is selected, or is not. */
const row = (text: string) => new RegExp(`^[> ] ${text}`, 'm')

describe.each(topHosts)('sluice top, on %s', (host) => {
  const top = useTop(host)

  it('shows a stream while it happens, and how it ended', async () => {
    await using terminal = await top.open()
    top.upstream.script = script([
      { wait: 600 },
      delta('One'),
      { repeat: 10, steps: [delta(' more'), { wait: 150 }] },
      finish('stop'),
    ])
    const text = top.ask({}, 'agent-one/1.0')
    await terminal.until(row('prefill +llama3\\.2:lat'))
    const screen = await terminal.until(row('streaming llama3\\.2:lat\\S* +up +agent-one'))
    expect(screen).toMatch(/^sluice top {2}127\.0\.0\.1:\d+ {2}1 running · 0 of 100 queued/m)
    await terminal.until(/^up up 1 · static up 0$/m)
    await terminal.until(/^[> ] streaming .* ~\d+ +[1-9]\S* +\d+ms [▁-█]+ +\d+ms/m)
    expect(await text).toContain('[DONE]')
    await terminal.until(row('finished +llama3'))
    expect(terminal.screen()).toMatch(/0 running[\s\S]*── ended: 1 ──\n[> ] finished/)
  })

  it('opens a request: its text as it arrives, reasoning and bytes too', async () => {
    await using terminal = await top.open()
    top.upstream.script = {
      persona: 'vllm',
      reasoning: ['Well,', 'now'],
      words: Array.from({ length: 12 }, (_, i) => `word-${i}`),
      delay: 300,
    }
    const text = top.ask({ model: 'qwen3:8b' })
    await terminal.until(row('(prefill|streaming) qwen3:8b'))
    terminal.press('Enter')
    const screen = await terminal.until(/^request [\w-]+ {2}streaming$[\s\S]*word-5 word-6/m)
    expect(screen).toMatch(/^POST \/v1\/chat\/completions/m)
    expect(screen).toMatch(/^model qwen3:8b · engine up · client tester\/1$/m)
    terminal.press('w')
    await terminal.until(/^→ client \+\d.*\ndata: \{.*"chat\.completion\.chunk"/m)
    await text
    await terminal.until(/^request [\w-]+ {2}finished$[\s\S]*^data: \[DONE\]␊$/m)
    terminal.press('w')
    await terminal.until(/^── text[\s\S]*word-11/m)
    terminal.press('Escape')
    await terminal.until(TITLES)
  })

  it('stops a request at its source, but only if the answer is yes', async () => {
    await using terminal = await top.open()
    top.upstream.script = endless
    const text = top.ask().catch(() => '')
    const request = await top.upstream.next()
    await terminal.until(row('streaming'))
    terminal.press('s')
    await terminal.until(/^Stop the request to llama3\.2:latest\? y\/n$/m)
    terminal.press('Enter')
    await terminal.until(/^It was not stopped\.$/m)
    expect(request.hungUpAt).toBeUndefined()
    terminal.press('s', 'y')
    await request.closedWithin(5_000)
    await terminal.until(/^It was stopped\.$/m)
    await terminal.until(row('cancelled'))
    terminal.press('s')
    await terminal.until(/^It has ended already\.$/m)
    await text
  })

  it('pasted text does not act as keys', async () => {
    await using terminal = await top.open()
    top.upstream.script = endless
    const text = top.ask().catch(() => '')
    const request = await top.upstream.next()
    await terminal.until(row('streaming'))
    terminal.paste('sy')
    terminal.press('o')
    expect(await terminal.until(/^sort: rate/m)).toMatch(row('streaming'))
    expect(request.hungUpAt).toBeUndefined()
    terminal.press('s', 'y')
    await request.closedWithin(5_000)
    await text
  })

  it('filters, shows failures alone, and sorts', async () => {
    await using terminal = await top.open()
    top.upstream.script = { persona: 'ollama', words: ['Yes.'] }
    await top.ask({}, 'filter-me/1')
    await top.ask({ model: 'wrong', messages: 'none' })
    await terminal.until(row('refused .*invalid_'))
    terminal.press('f')
    await terminal.until(/^sort: age · failures only/m)
    expect(terminal.screen()).not.toMatch(row('finished'))
    terminal.press('f', '/')
    terminal.type('FILTER me/')
    await terminal.until(/^filter: FILTER me\/▁$/m)
    terminal.press('Enter')
    await terminal.until(/^sort: age · filter: FILTER me\//m)
    expect(terminal.screen()).toMatch(/── ended: 1 ──\n> finished .*filter-me/)
    terminal.press('Escape')
    await terminal.until(row('refused .*invalid_'))
    terminal.press('e')
    await terminal.until(/^ENGINES\n {2}up +up +\S.*breaker closed · 0 running/m)
    terminal.press('Escape')
    await terminal.until(TITLES)
    terminal.press('?')
    await terminal.until(/^Keys of sluice top$[\s\S]*q, Ctrl-C +quit/m)
  })

  it('follows another size', async () => {
    await using terminal = await top.open()
    top.upstream.script = { persona: 'ollama', words: ['Yes.'] }
    await top.ask()
    await terminal.until(/^ {2}STATE +MODEL +ENGINE +KEY +CLIENT/m)
    await terminal.resize(40)
    const screen = await terminal.until(/^ {2}STATE +MODEL +TOKENS +TIME$/m)
    expect(screen.split('\n').every((line) => line.length <= 40)).toBe(true)
    await terminal.resize(80)
    const wider = await terminal.until(/^ {2}STATE .* TOK\/S +FIRST +GAPS +TIME +DETAIL$/m)
    expect(wider).toMatch(/^sluice top .*\nup up \d · static up 0\n {2}STATE/)
  })

  it.each([
    ['q', (press: (key: string) => void) => press('q')],
    ['Ctrl-C', (press: (key: string) => void) => press('C-c')],
    ['a signal', (_: unknown, pid: number) => process.kill(pid, 'SIGTERM')],
  ])('%s ends it, and the terminal is as it was', async (_, end) => {
    await using terminal = await openTerminal({ columns: 120 })
    terminal.enter('stty -g')
    const [before] = (await terminal.until(STTY)).match(STTY) ?? []
    startIn(terminal, host, ['top', top.server.url])
    expect(await terminal.until(TITLES)).not.toContain('run.sh')
    end((key) => terminal.press(key), terminal.pid())
    const screen = await terminal.until(/^ended 0$/m)
    expect(screen).not.toMatch(TITLES)
    terminal.enter('clear; stty -g')
    const [after] = (await terminal.until(STTY)).match(STTY) ?? []
    expect(after).toBe(before)
  })

  it('an error of its own ends it, and the terminal is as it was', async () => {
    await using terminal = await openTerminal({ columns: 120 })
    terminal.enter('stty -g')
    const [before] = (await terminal.until(STTY)).match(STTY) ?? []
    const { file, args } = hostCommand(host, [], 'test/support/top-crash.ts')
    runIn(terminal, [file, ...args])
    await terminal.until(TITLES)
    const screen = await terminal.until(/^caught: broken on purpose\nended 1$/m)
    expect(screen).not.toMatch(TITLES)
    terminal.enter('clear; stty -g')
    const [after] = (await terminal.until(STTY)).match(STTY) ?? []
    expect(after).toBe(before)
  })

  it('Ctrl-Z gives the terminal back until fg', async () => {
    await using terminal = await openTerminal({ columns: 120 })
    startIn(terminal, host, ['top', top.server.url])
    await terminal.until(TITLES)
    terminal.press('C-z')
    if (host === 'deno') {
      await terminal.until(/^It cannot suspend itself here: Deno allows that only/m)
      return
    }
    await terminal.until(/Stopped/)
    expect(terminal.screen()).not.toMatch(TITLES)
    terminal.enter('fg')
    await terminal.until(TITLES)
    terminal.press('q')
    await terminal.until(/\n\$$/)
  })

  it('has no colours with NO_COLOR, and no screen of its own with TERM=dumb', async () => {
    top.upstream.script = { persona: 'ollama', words: ['Yes.'] }
    await top.ask()
    await using coloured = await top.open()
    await coloured.until(row('finished'))
    expect(coloured.coloured()).toContain('\u001b[')
    await using plain = await top.open([], { env: { NO_COLOR: '1' } })
    await plain.until(row('finished'))
    expect(plain.coloured()).not.toContain('\u001b[')
    await using dumb = await openTerminal({ columns: 100 })
    const { file, args } = hostCommand(host, ['top', top.server.url])
    runIn(dumb, ['env', 'TERM=dumb', file, ...args])
    expect(await dumb.until(/^ended 0$/m)).toMatch(/^ {2}STATE[\s\S]*^ {2}finished[\s\S]*ended 0$/m)
  })

  it('can be started by npm start', async () => {
    await using terminal = await openTerminal({ columns: 120 })
    runIn(terminal, [binaryOf('node'), 'scripts/start.mjs', host, 'top', top.server.url])
    await terminal.until(TITLES)
    await terminal.resize(40)
    await terminal.until(/^ {2}STATE +MODEL +TOKENS +TIME$/m)
    terminal.press('C-c')
    await terminal.until(/^ended 0$/m)
  })
})
