import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkLocalServers } from '../../../../src/cli/doctor/checks/servers.ts'
import { checkSettings, misspelt } from '../../../../src/cli/doctor/checks/settings.ts'
import { readGiven } from '../../../../src/cli/doctor/given-settings.ts'
import { secretsOf, withoutSecrets } from '../../../../src/cli/doctor/secrets.ts'
import { shownUrl } from '../../../../src/cli/doctor/shown.ts'
import { parseSettings } from '../../../../src/settings/settings.ts'
import { codes, examination } from './examine.ts'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-doctor-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function fileWith(text: string): string {
  const path = join(folder, 'sluice.json')
  writeFileSync(path, text)
  return path
}

describe('settings', () => {
  it('are told every error, each with its line and path', async () => {
    const path = fileWith(`{
  "port": 99999,
  "hots": "127.0.0.1",
  "upstream": [
    "http://127.0.0.1:8000",
    { "url": "ftp://x" },
    { "url": "http://127.0.0.1:8001", "maxConcurency": 2 }
  ]
}`)
    const env = { SLUICE_QUEUE: 'many', SLUICE_NO_SUCH: '1' }
    const { problems, settings } = await readGiven(
      ['--config', path, '--heartbeat', 'soon'],
      env,
      'node',
    )
    const all = problems.join('\n')
    expect(all).toContain(`${path}:2: port: expected a port from 0 to 65535`)
    expect(all).toMatch(/sluice\.json:3: hots: there is no such setting\. Did you mean host/)
    expect(all).toMatch(/sluice\.json:6: upstream\[1\]/)
    expect(all).toMatch(
      /sluice\.json:7: upstream\[2\]\.maxConcurency: .*Did you mean maxConcurrency/,
    )
    expect(all).toContain('SLUICE_QUEUE: expected')
    expect(all).toContain('SLUICE_NO_SUCH: there is no such')
    expect(all).toContain('--heartbeat: expected')
    expect(problems).toHaveLength(7)
    expect(settings.port).toBe(8787)
  })

  it('that do not fit together, or this runtime, are told too', async () => {
    const { problems } = await readGiven(['--webgpu'], { SLUICE_ALIAS: 'a=b,b=a' }, 'node')
    expect(problems.join('\n')).toMatch(/alias/)
    expect(problems.join('\n')).toMatch(/webgpu: this setting is not supported on Node/)
  })

  it('that are right have no problem, and are in force', async () => {
    const path = fileWith('{ "port": 9000, /* here */ "queue": 5, }')
    const given = await readGiven(['--queue', '7'], { SLUICE_CONFIG_FILE: path }, 'node')
    expect(given).toMatchObject({ problems: [], file: path, settings: { port: 9000, queue: 7 } })
  })

  it('by a former name are a warning', async () => {
    const { warnings } = await readGiven(['--streams', '4'], {}, 'node')
    expect(warnings.join()).toMatch(/--streams is deprecated.*--max-concurrency/)
  })

  it('that are wrong in an upstream are no second error of its key, nor a lack of servers', async () => {
    const path = fileWith(
      '{ "upstream": ["http://127.0.0.1:1/v1?x"], "upstreamKey": "sk-1234567" }',
    )
    const given = await readGiven([], { SLUICE_CONFIG_FILE: path }, 'node')
    expect(given.problems).toHaveLength(1)
    const examined = { ...(await examination({ discover: false })), given }
    expect(await codes(checkLocalServers, examined)).not.toHaveProperty('no_server')
  })

  it('that are wrong are said not to be in force, once', async () => {
    const examined = await examination({}, { SLUICE_PORT: 'x', SLUICE_QUEUE: 'y' })
    const found = await checkSettings(examined, new AbortController().signal)
    const remedies = found.flatMap(({ remedy }) => remedy ?? [])
    expect(remedies).toEqual(['sluice does not start until these are corrected.'])
    expect(found[0]?.text).toBe('There is no settings file; 2 errors.')
  })

  it('are problems and warnings of the check', async () => {
    const examined = await examination({}, { SLUICE_PORT: 'x', SLUCE_HOST: '0.0.0.0' })
    const found = await codes(checkSettings, examined)
    expect(found.settings_wrong).toMatchObject({ level: 'problem' })
    expect(found.variable_misspelt).toMatchObject({
      level: 'warning',
      command: 'export SLUICE_HOST="$SLUCE_HOST"',
    })
  })
})

it('knows a misspelt variable from those of others', () => {
  const names = (...given: string[]) =>
    misspelt(Object.fromEntries(given.map((name) => [name, '1']))).map(({ text }) => text)
  expect(names('SLUCE_PORT')[0]).toContain('SLUICE_PORT would be')
  expect(names('sluice_port', 'SLUICEPORT', 'SLIUCE_UPSTREAM')).toHaveLength(3)
  expect(
    names(
      'SHELL',
      'SSH_AUTH_SOCK',
      'SHLVL',
      'SERVICE_PORT',
      'PORT',
      'HOST',
      'SUDO_USER',
      'SLURM_JOB_ID',
    ),
  ).toEqual([])
})

describe('secrets', () => {
  it('are in no finding', () => {
    const settings = parseSettings({
      upstream: [{ url: 'http://127.0.0.1:1', key: 'upstream-secret' }],
      state: 'redis://me:hunter2hunter2@127.0.0.1:1',
    })
    const secrets = secretsOf(settings, {
      HTTP_PROXY: 'http://a:proxysecret@b:1',
      MY_API_KEY: 'api-secret',
    })
    const text = 'upstream-secret hunter2hunter2 proxysecret api-secret'
    const cleaned = withoutSecrets(
      { check: 'store', code: 'x', level: 'ok', text, command: text },
      secrets,
    )
    expect(cleaned.text).toBe('… … … …')
    expect(cleaned.command).toBe('… … … …')
  })

  it('are in no URL of a message, and no words that clients are given in their place', () => {
    const secrets = secretsOf(parseSettings({}), { OPENAI_API_KEY: 'ollama', A_TOKEN: 'LM-Studio' })
    expect(secrets).toEqual([])
    const text =
      'upstream[0]: got "htp://me:hunter2@h/v1?x=1&api_key=topsecret", "ftp://word@h?token=abc"'
    const cleaned = withoutSecrets({ check: 'settings', code: 'x', level: 'ok', text }, secrets)
    expect(cleaned.text).toBe('upstream[0]: got "htp://…@h/v1?x=1&api_key=…", "ftp://…@h?token=…"')
  })

  it.each([
    ['http://user:secret@host:1/v1?key=secret', 'http://…@host:1/v1?…'],
    ['http://host/', 'http://host'],
    ['no url //user:secret@host?x', 'no url //…@host?…'],
  ])('are in no URL: %s', (url, shown) => {
    expect(shownUrl(url)).toBe(shown)
  })
})
