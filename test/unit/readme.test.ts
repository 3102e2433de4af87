import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { settingsSchema } from '../../src/cli/schema.ts'
import { createHandler } from '../../src/index.ts'
import { environmentName, settingsFromEnv } from '../../src/settings/environment.ts'
import { readSettingsFile } from '../../src/settings/file.ts'
import { fields, parseSettings } from '../../src/settings.ts'
import { useServer } from '../support/server.ts'

const run = promisify(execFile)
const root = join(import.meta.dirname, '../..')
const readme = ['README.md', 'SECURITY.md']
  .map((name) => readFileSync(join(root, name), 'utf8'))
  .join('\n')
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>
}

/** The code blocks of one language, in order. */
function blocks(language: string): string[] {
  return [...readme.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'gms'))].map(
    ([, code]) => code ?? '',
  )
}

function block(language: string, holding: string): string {
  const found = blocks(language).find((code) => code.includes(holding))
  if (found === undefined) throw new Error(`README.md has no ${language} block with ${holding}`)
  return found
}

describe('what the README says to type', () => {
  const server = useServer('bun', ['--static-delay', '1ms'])
  const here = (code: string) => code.replaceAll('http://127.0.0.1:8787', server.url)

  it('streams by curl', async () => {
    const { stdout } = await run('sh', ['-c', here(block('sh', 'curl -N'))])
    expect(stdout).toMatch(/^data: \{"id":.*"delta":\{"content":"Water"\}/ms)
    expect(stdout.endsWith('data: [DONE]\n\n')).toBe(true)
  })

  it('streams by the SDK', async () => {
    const code = here(block('js', 'new OpenAI'))
    const args = ['--input-type=module', '--eval', code]
    const { stdout } = await run(process.execPath, args, { cwd: root })
    expect(stdout).toBe(fields.staticText.default)
  })

  it('names npm scripts that exist', () => {
    const named = [...readme.matchAll(/npm (?:run )?(start(?::\w+)?|test)\b/g)].map(
      ([, name]) => name,
    )
    expect(new Set(named).size).toBeGreaterThan(4)
    for (const name of named) expect(scripts).toHaveProperty([name ?? ''])
  })
})

it('shows a handler that runs as an export default', async () => {
  expect(block('js', 'createHandler')).toContain(
    "export default createHandler({ upstream: ['http://127.0.0.1:11434/v1'], keys: process.env.SLUICE_KEYS })",
  )
  const worker = createHandler({ upstream: ['http://127.0.0.1:11434/v1'] })
  expect((await worker.fetch(new Request('http://localhost/health'))).status).toBe(200)
})

it('shows a SLUICE_CONFIG that is right', () => {
  const settings = parseSettings(settingsFromEnv({ SLUICE_CONFIG: block('json', '"rewrite"') }))
  expect(settings.upstream.map(({ label }) => label)).toEqual(['big', 'small'])
})

it('shows a settings file that is right, and a schema that accepts it', () => {
  const { values } = readSettingsFile(block('json', '"$schema"'), 'sluice.json')
  const { keys, host } = parseSettings(values)
  expect(keys.map(({ name }) => name)).toEqual(['laptop', 'guest'])
  expect(host).toBe('0.0.0.0')
  expect(z.fromJSONSchema(settingsSchema() as never).safeParse(values).success).toBe(true)
})

it('says only of clients that tests run what works with them', () => {
  const [, table = ''] = /^\| client \|.*\n\|.*\n((?:\|.*\n)+)/m.exec(readme) ?? []
  const rows = table.trimEnd().split('\n')
  expect(rows.length).toBeGreaterThan(3)
  const suites = sources(join(root, 'test')).join('\n')
  for (const row of rows) {
    const [, client = ''] = row.split('|')
    for (const [, name] of client.matchAll(/`(@?[a-z][\w./-]*)(?: -N)?`/g)) {
      expect([`from '${name}'`, `spawn('${name}'`].some((use) => suites.includes(use))).toBe(true)
    }
  }
})

describe('what the README names', () => {
  it('is a flag, or a name in the environment', () => {
    const flags = new Set(Object.keys(fields).map((name) => `--${kebab(name)}`))
    const names = new Set([
      ...Object.keys(fields).map(environmentName),
      'SLUICE_CONFIG',
      'SLUICE_CONFIG_FILE',
    ])
    for (const [said] of readme.matchAll(/(?<=[`\s])--[a-z][a-z-]+/g)) {
      const flag = said.replace('--no-', '--')
      if (flag !== '--help' && flag !== '--config') expect(flags).toContain(flag)
    }
    for (const [name] of readme.matchAll(/SLUICE_[A-Z_]+/g)) expect(names).toContain(name)
  })

  it('is a code that the source knows', () => {
    const codes = [
      ...readme.matchAll(
        /`((?:upstream|engine|webgpu|adapter|model|device)_[a-z_]+|invalid_tool_call|[a-z_]+_timeout)`/g,
      ),
    ]
    const source = sources(join(root, 'src')).join('\n')
    expect(codes.length).toBeGreaterThan(18)
    for (const [, code = ''] of codes) {
      const [, what = ''] = /^(?:upstream|engine)_(.*)$|^/.exec(code) ?? []
      const name = code.replace('_timeout', '').replaceAll('_', '-')
      expect([code, what, name].some((word) => word && source.includes(`'${word}'`))).toBe(true)
    }
  })
})

function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}

function sources(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => readFileSync(join(folder, path), 'utf8'))
}
