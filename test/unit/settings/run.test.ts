import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { showDefault } from '../../../src/cli/help.ts'
import { createHandler } from '../../../src/handler.ts'
import { readCommand, withPort } from '../../../src/settings/command.ts'
import type { Declaration } from '../../../src/settings/declaration.ts'
import { runOptions } from '../../../src/settings/run-options.ts'
import { parseSettings, type SettingsInput } from '../../../src/settings/settings.ts'
import { requireSupport } from '../../../src/settings/support.ts'
import { readSize, showSize } from '../../../src/settings/text.ts'
import { refusal } from './refusal.ts'

const PORT = `\${PORT}`
const simple = { run: `llama-server -m model.gguf --port ${PORT}`, models: ['qwen'] }

describe('a command', () => {
  it.each<[string, string[]]>([
    ['a  b\tc', ['a', 'b', 'c']],
    [`a "b c" 'd "e"'`, ['a', 'b c', 'd "e"']],
    [`--x="a b"c`, ['--x=a bc']],
    [`a ""`, ['a', '']],
    [
      String.raw`C:\llama\server.exe -m D:\m.gguf`,
      [String.raw`C:\llama\server.exe`, '-m', String.raw`D:\m.gguf`],
    ],
    [`a '|' "&&" '{"x": 1}'`, ['a', '|', '&&', '{"x": 1}']],
    [`a '$HOME' '$(b)' '\`' "5 $" x$`, ['a', '$HOME', '$(b)', '`', '5 $', 'x$']],
    [`a "it's ${PORT}"`, ['a', `it's ${PORT}`]],
    [`a --port=${PORT}`, ['a', `--port=${PORT}`]],
  ])('%j is split', (text, words) => {
    expect(readCommand(text, 'run')).toEqual(words)
  })

  it('as an array is taken as it is', () => {
    expect(readCommand(['a b', '|', '~/x', `${PORT}`], 'run')).toEqual(['a b', '|', '~/x', PORT])
  })

  it.each([
    ['a | b', '"|"'],
    ['a && b', '"&"'],
    ['a > log', '">"'],
    ['a $(b)', '"$("'],
    ['a `b`', '"`"'],
    ['~/bin/a', '"~"'],
    ['a $HOME/b', '"$" before a name'],
    ['a --port=$PORT', '"$" before a name'],
    ['a "$HOME/b"', '"$" before a name'],
    [`a "it's $HOME"`, '"$" before a name'],
    ['a "$(b)"', '"$("'],
    ['a "b', '" without its end'],
    ['   ', 'no program'],
    [`a \${HOME}`, `\${HOME}`],
  ])('%j is refused, as no shell reads it', (text, what) => {
    const told = refusal({ upstream: [{ ...simple, run: text }] })
    expect(told).toContain('upstream[0].run: expected')
    expect(told).toContain(what)
  })

  it('is never shown, as it may hold a token', () => {
    for (const run of [
      'x --token sk-secret | y',
      'x --token pa$sk-secret',
      ['x', 'sk-secret', `\${HOME}`],
      { a: 'sk-secret' },
      ['sk-secret', 1],
    ]) {
      expect(refusal({ upstream: [{ ...simple, run }] })).not.toContain('sk-secret')
    }
    expect(refusal({ upstream: [{ ...simple, env: { A: ['sk-secret'] } }] })).not.toContain('sk-')
  })

  it.each<[object, string]>([
    [{ run: 42 }, 'got a number, which is not shown'],
    [{ run: true }, 'got a boolean, which is not shown'],
    [{ run: null }, 'got null.'],
    [{ run: '' }, 'got an empty text.'],
    [{ run: [] }, 'got an empty array.'],
    [{ run: ['a', 1] }, 'got an array of other values than texts, which is not shown'],
    [{ env: [] }, 'got an empty array.'],
    [{ env: ['A=b'] }, 'got an array, which is not shown'],
    [{ env: 'A=b' }, 'got another text, which is not shown'],
    [{ env: { 'A-B': 'c' } }, 'got another object, which is not shown'],
  ])('is said to be of another kind: %j', (changed, message) => {
    expect(refusal({ upstream: [{ ...simple, ...changed }] })).toContain(message)
  })

  it('gets the port in the place of its name', () => {
    expect(withPort(['a', `--port=${PORT}`, `${PORT}:${PORT}`], 80)).toEqual([
      'a',
      '--port=80',
      '80:80',
    ])
  })
})

describe('an upstream with run', () => {
  it('needs two lines', () => {
    const { upstream, discover } = parseSettings({ upstream: [simple] })
    expect(upstream).toEqual([
      {
        ...{ label: 'qwen', models: ['qwen'], url: 'http://qwen.managed.invalid/v1' },
        run: ['llama-server', '-m', 'model.gguf', '--port', PORT],
      },
    ])
    expect(discover).toBe(false)
  })

  it('is read again as it was read', () => {
    const once = parseSettings({ upstream: [simple, { ...simple, label: 'big', port: 8_080 }] })
    expect(parseSettings(once)).toEqual(once)
    expect(once.upstream[1]?.url).toBe('http://127.0.0.1:8080/v1')
  })

  it('is labelled by its first model', () => {
    const models = [['*', 'Qwen/Qwen3 8B'], ['qwen'], ['qwen']]
    const { upstream } = parseSettings({
      upstream: models.map((each) => ({ ...simple, models: each })),
    })
    expect(upstream.map(({ label }) => label)).toEqual(['Qwen-Qwen3-8B', 'qwen', 'qwen-2'])
  })

  it.each<[string, object, string]>([
    [
      'a url as well',
      { url: 'http://a' },
      '.url: expected either url or run, got both; remove url',
    ],
    [
      'no name of a model',
      { models: ['qwen*'] },
      '.models: expected the name of at least one model',
    ],
    ['no models', { models: undefined }, '.models: expected the name of at least one model'],
    ['no port', { run: 'a b' }, `.run: expected ${PORT} in the command, got none`],
    ['an idle time below 0', { idle: -1 }, '.idle: expected a time from 0'],
    [
      'a health check that is no path',
      { health: 'health' },
      '.health: expected a path such as /health, or none',
    ],
  ])('is refused with %s', (_, changed, message) => {
    expect(refusal({ upstream: [{ ...simple, ...changed }] })).toContain(`upstream[0]${message}`)
  })

  it('is taken with a fixed port in the command, or with the port in the environment', () => {
    for (const changed of [
      { run: 'a --port 9000', port: 9_000 },
      { run: 'a', env: { PORT } },
    ]) {
      expect(() => parseSettings({ upstream: [{ ...simple, ...changed }] })).not.toThrow()
    }
  })

  it('alone may have its options', () => {
    for (const option of [
      { idle: '1m' },
      { preload: true },
      { env: { A: 'b' } },
      { memory: '1GB' },
    ]) {
      const [name] = Object.keys(option)
      const told = refusal({ upstream: [{ url: 'http://a', ...option }] })
      expect(told).toContain(
        `upstream[0].${name}: expected only together with run, got it without run`,
      )
    }
  })
})

it('has the defaults that docs/managed.md tells', () => {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/managed.md'), 'utf8')
  for (const [name, option] of Object.entries<Declaration>(runOptions)) {
    const shown = showDefault(option)
    if (shown !== undefined) expect(page).toContain(`| \`${name}\` | \`${shown}\` |`)
  }
})

describe('a memory budget', () => {
  it.each<[string, object, string]>([
    ['a server whose size is not known', {}, '.memory: expected the memory that qwen needs'],
    [
      'a server that can never start',
      { memory: '30GB' },
      '.memory: expected at most memoryBudget, which is 24GB, got 30GB; raise',
    ],
  ])('refuses %s', (_, changed, message) => {
    const told = refusal({ memoryBudget: '24GB', upstream: [{ ...simple, ...changed }] })
    expect(told).toContain(`upstream[0]${message}`)
  })

  it.each([
    [24e9, '24GB'],
    [24.25e9, '24.25GB'],
    [16 * 2 ** 30, '16GiB'],
    [512e6, '512MB'],
    [1.5 * 2 ** 20, '1.5MiB'],
    [12_345_678, '12345678 bytes'],
  ])('of %i bytes is shown as %s', (bytes, shown) => {
    expect(showSize(bytes)).toBe(shown)
    if (!shown.endsWith('bytes')) expect(readSize(shown)).toBe(bytes)
  })

  it('takes what fits, and upstreams that run elsewhere', () => {
    const upstream = [{ ...simple, memory: '24GB' }, 'http://a']
    expect(parseSettings({ memoryBudget: '24GB', upstream }).memoryBudget).toBe(24e9)
  })
})

describe('a fixed port', () => {
  const at = (label: string, more = {}) => ({
    ...simple,
    label,
    models: [label],
    port: 9_000,
    ...more,
  })

  it('is refused where another server has it', () => {
    expect(refusal({ upstream: [at('a'), at('b')] })).toContain(
      'upstream[1].port: expected a port that no other upstream with run has, got 9000, the port of a and of b; choose another one',
    )
  })

  it('is taken twice where the memory budget lets only one of the two run', () => {
    const upstream = [at('a', { memory: '13GB' }), at('b', { memory: '12GB' })]
    expect(() => parseSettings({ memoryBudget: '24GB', upstream })).not.toThrow()
    expect(refusal({ memoryBudget: '25GB', upstream })).toContain('upstream[1].port')
  })
})

describe('where programs cannot be started', () => {
  it('createHandler says so', () => {
    expect(() => createHandler({ insecure: true, upstream: [simple] })).toThrow(
      'upstream[0].run: this option is not supported in createHandler, only on Bun, Deno and Node; start the server yourself and name its url.',
    )
  })

  it.each(['workerd', 'worker'] as const)('%s does', (place) => {
    const settings = parseSettings({ upstream: ['http://a', simple] } as SettingsInput)
    expect(() => requireSupport(settings, place)).toThrow('upstream[1].run: ')
    expect(() => requireSupport(parseSettings({ upstream: ['http://a'] }), place)).not.toThrow()
  })

  it.each(['bun', 'deno', 'node'] as const)('%s does not', (place) => {
    const settings = parseSettings({ upstream: [simple] })
    expect(() => requireSupport(settings, place)).not.toThrow()
  })
})
