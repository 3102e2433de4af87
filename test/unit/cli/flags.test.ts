import { describe, expect, it } from 'vitest'
import { flagName, readFlags } from '../../../src/cli/flags.ts'
import { helpText } from '../../../src/cli/help.ts'
import { environmentName, settingsFromEnv } from '../../../src/settings/environment.ts'
import { parseSettings, SettingsError } from '../../../src/settings/settings.ts'
import { declarations } from '../../../src/settings/table/table.ts'

function refusal(...args: string[]): string {
  try {
    readFlags(args)
  } catch (error) {
    expect(error).toBeInstanceOf(SettingsError)
    return (error as Error).message
  }
  throw new Error('These flags were taken.')
}

describe('flags', () => {
  it('take a value after a space or an equals sign', () => {
    const { settings } = readFlags(['--port', '0', '--static-delay=1.5s', '--model', 'a=b'])
    expect(settings).toEqual({ port: 0, staticDelay: 1_500, model: 'a=b' })
  })

  it('may be given several times where they are lists', () => {
    const { settings } = readFlags(['--upstream', 'http://a', '--upstream=big=http://b,c'])
    expect(settings.upstream).toEqual([
      { url: 'http://a/v1' },
      { url: 'http://b,c/v1', label: 'big' },
    ])
    const { alias } = readFlags(['--alias', 'a=b', '--alias', 'c=d, e=f']).settings
    expect(alias).toEqual({ a: 'b', c: 'd', e: 'f' })
    expect(readFlags(['--lenient', 'a', '--lenient', 'b']).settings.lenient).toEqual(['a', 'b'])
  })

  it('switch on and off', () => {
    expect(readFlags(['--discover']).settings).toEqual({ discover: true })
    expect(readFlags(['--no-discover']).settings).toEqual({ discover: false })
    expect(readFlags(['--discover=no']).settings).toEqual({ discover: false })
  })

  it('let the last one count', () => {
    expect(readFlags(['--port', '1', '--port', '2']).settings).toEqual({ port: 2 })
  })

  it('ask for help and the version', () => {
    expect(readFlags(['--help'])).toMatchObject({ help: true, version: false })
    expect(readFlags(['-h'])).toMatchObject({ help: true })
    expect(readFlags(['serve', '--version'])).toMatchObject({ help: false, version: true })
  })

  it('go before the environment, and that before the defaults', () => {
    const env = settingsFromEnv({ SLUICE_PORT: '1', SLUICE_GRACE: '1s' })
    const settings = parseSettings({ ...env, ...readFlags(['--port', '2']).settings })
    expect(settings).toMatchObject({ port: 2, grace: 1_000, heartbeat: 10_000 })
  })

  it.each([
    [['--prot', '1'], '--prot: there is no such flag. Did you mean --port?'],
    [['--zzz'], '--zzz: there is no such flag. --help lists the flags.'],
    [['-p', '1'], '-p: there is no such flag.'],
    [['--no-port'], '--no-port: there is no such flag.'],
    [['--port'], '--port: expected a port from 0 to 65535, got nothing; write it as --port PORT.'],
    [['--port', 'x'], '--port: expected a port from 0 to 65535, got "x".'],
    [['--port='], '--port: expected a port from 0 to 65535, got "".'],
    [['--alias', 'a=b', '--alias', 'c'], '--alias: expected NAME=MODEL, got "a=b, c".'],
    [['--discover=maybe'], '--discover: expected true or false, got "maybe".'],
    [['--upstream', 'nope'], '--upstream: expected an http or https URL'],
    [['sevre'], '"sevre": there is no such command. Did you mean serve?'],
    [['--upstream-key', 'sk-secret'], 'set SLUICE_UPSTREAM_KEY instead.'],
    [['--upstream-key=sk-secret'], 'set SLUICE_UPSTREAM_KEY instead.'],
  ])('%j is refused', (args, message) => {
    const told = refusal(...args)
    expect(told).toContain(message)
    expect(told).not.toMatch(/\n|sk-secret/)
  })
})

describe('help', () => {
  it('mentions every setting with its flag, its variable and its default', () => {
    const help = helpText()
    for (const [name, field] of Object.entries(declarations)) {
      if (!field.secret) expect(help).toMatch(new RegExp(`^ {2}${flagName(name)}\\b`, 'm'))
      expect(help).toContain(environmentName(name))
    }
    expect(help.replace(/\s+/g, ' ')).toContain('default 15m')
    expect(help).toContain('20MB')
    expect(help).not.toContain('--upstream-key')
  })

  it('fits 80 columns', () => {
    for (const line of helpText().split('\n')) expect(line.length).toBeLessThanOrEqual(80)
  })
})
