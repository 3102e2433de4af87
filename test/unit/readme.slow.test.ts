import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { settingsSchema } from '../../src/cli/schema.ts'
import { keyHelp } from '../../src/cli/tools/key.ts'
import { toolNames } from '../../src/cli/tools/tool-names.ts'
import { loadTool } from '../../src/cli/tools/tools.ts'
import { createHandler } from '../../src/index.ts'
import {
  CLIENT_KEY,
  CONFIG_FILE,
  environmentName,
  settingsFromEnv,
} from '../../src/settings/environment.ts'
import { parseSettings, settingNames } from '../../src/settings/settings.ts'
import { settingsTable } from '../../src/settings/table/table.ts'
import { runToEnd, startServer, startTool, useServer } from '../support/server.ts'
import { settingsText } from '../support/settings-text.ts'

const run = promisify(execFile)
const root = join(import.meta.dirname, '../..')
const documents = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    // Packages of the site are installed below the docs.
    .filter((name) => name.endsWith('.md') && !name.includes('node_modules'))
    .map((name) => `docs/${name}`),
]
const readme = documents
  // These name flags of the benchmark or of other programs too.
  .filter((name) => name !== 'CONTRIBUTING.md' && !/^docs\/(decisions|clients)\//.test(name))
  .map((name) => readFileSync(join(root, name), 'utf8'))
  .join('\n')
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>
}

const hello = { role: 'user', content: 'Hello!' }

/** The code blocks of one language, in order: words behind it say how the documents' own tests run a block. */
function blocks(language: string): string[] {
  const fences = new RegExp(`^\`\`\`${language}(?: [^\n]*)?\n(.*?)^\`\`\``, 'gms')
  return [...readme.matchAll(fences)].map(([, code]) => code ?? '')
}

function block(language: string, holding: string): string {
  const found = blocks(language).find((code) => code.includes(holding))
  if (found === undefined) throw new Error(`README.md has no ${language} block with ${holding}`)
  return found
}

describe('what the README says to type', () => {
  const server = useServer('bun', ['--static-delay', '5ms'])
  const here = (code: string) => code.replaceAll('http://127.0.0.1:8787', server.url)
  const folder = mkdtempSync(join(tmpdir(), 'sluice-readme-'))
  afterAll(() => rmSync(folder, { recursive: true }))

  /** What follows `npm start --` in the first explained line that holds this, as a shell would cut it. */
  function argumentsOf(holding: string): string[] {
    const line = blocks('sh')
      .flatMap((code) => code.split('\n'))
      .find((each) => /^npm start -- .* # /.test(each) && each.includes(holding))
    const [, words = ''] = /^npm start -- (.*?) +# /.exec(line ?? '') ?? []
    expect(words).not.toBe('')
    const recording = join(folder, 'stream.jsonl')
    const told = here(words).replaceAll(/(?:stream|engine)\.jsonl/g, recording)
    return [...told.matchAll(/"([^"]*)"|\S+/g)].map(([word, quoted]) => quoted ?? word)
  }

  async function streamed(base: string): Promise<string> {
    const body = JSON.stringify({ model: 'static', stream: true, messages: [hello] })
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(`${base}/chat/completions`, { method: 'POST', headers, body })
    return response.text()
  }

  it('streams by curl', async () => {
    const { stdout } = await run('sh', ['-c', here(block('sh', 'curl -N'))])
    expect(stdout).toMatch(/^data: \{"id":.*"delta":\{"content":"Water"\}/ms)
    expect(stdout.endsWith('data: [DONE]\n\n')).toBe(true)
  })

  it('streams by the SDK', async () => {
    const code = here(block('js', 'new OpenAI'))
    const args = ['--input-type=module', '--eval', code]
    const { stdout } = await run(process.execPath, args, { cwd: root })
    expect(stdout).toBe(settingsTable.staticText.default)
  })

  it('is found by clients where the environment says so', async () => {
    const lines = here(block('sh', 'ANTHROPIC_BASE_URL'))
    const env: NodeJS.ProcessEnv = { ...process.env }
    for (const [, name = '', value] of lines.matchAll(/(\w+)=(\S+)/g)) env[name] = value
    const code = `
      import Anthropic from '@anthropic-ai/sdk'
      import OpenAI from 'openai'
      const messages = [{ role: 'user', content: 'Go.' }]
      const asked = { model: 'static', max_tokens: 100, messages }
      const { content } = await new Anthropic().messages.create(asked)
      const { choices } = await new OpenAI().chat.completions.create({ model: 'static', messages })
      console.log(JSON.stringify([content[0].text, choices[0].message.content]))`
    const args = ['--input-type=module', '--eval', code]
    const { stdout } = await run(process.execPath, args, { cwd: root, env })
    expect(JSON.parse(stdout)).toEqual([
      settingsTable.staticText.default,
      settingsTable.staticText.default,
    ])
  })

  it.each(['# talk', '# one answer'])('chats: %s', async (holding) => {
    const ended = await runToEnd('bun', argumentsOf(holding), {}, 15_000, undefined, 'Hello!')
    const stdout = `${settingsTable.staticText.default}\n`
    expect(ended).toEqual({ code: 0, stdout, stderr: '' })
  })

  it('shows the requests while they happen', async () => {
    await streamed(server.base)
    const ended = await runToEnd('bun', argumentsOf('top http'))
    expect(ended).toMatchObject({ code: 0, stderr: '' })
    expect(ended.stdout).toMatch(/^ {2}finished +static/m)
  })

  it('checks', async () => {
    const ended = await runToEnd('bun', argumentsOf('check'), {}, 40_000)
    expect(ended.stdout).toMatch(/No rule is broken\.|^0 errors/m)
    expect(ended.code).toBe(0)
  }, 45_000)

  it('records, replays, and answers by a recording', async () => {
    const recorded = await runToEnd('bun', argumentsOf('record'))
    expect(recorded).toMatchObject({ code: 0, stdout: '' })
    expect(recorded.stderr).toContain('200 text/event-stream')
    await using replayed = await startTool('bun', [...argumentsOf('replay '), '--port', '0'])
    expect(await streamed(replayed.base)).toMatch(/"content":"Water".*data: \[DONE\]\n\n$/s)
    expect(readme).toContain('`npm start -- --engine replay:FILE`')
    const engineArgs = ['--engine', `replay:${join(folder, 'stream.jsonl')}`]
    await using engine = await startServer('bun', engineArgs)
    expect(await streamed(engine.base)).toMatch(/"content":"Water".*data: \[DONE\]\n\n$/s)
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
  const { values } = settingsText(block('json', '"$schema"'), 'sluice.json')
  const { keys, host } = parseSettings(values)
  expect(keys.map(({ name }) => name)).toEqual(['laptop', 'guest'])
  expect(host).toBe('0.0.0.0')
  expect(z.fromJSONSchema(settingsSchema() as never).safeParse(values).success).toBe(true)
})

it('links to files and headings that there are', () => {
  for (const name of documents) {
    const text = readFileSync(join(root, name), 'utf8')
    for (const [, link = ''] of text.matchAll(/\]\((?!https?:)([^)]+)\)/g)) {
      const [path = '', heading] = link.split('#')
      const target = path === '' ? join(root, name) : join(root, dirname(name), path)
      expect(existsSync(target), `${name}: ${link}`).toBe(true)
      // A folder is shown by its README.md.
      const file = statSync(target).isDirectory() ? join(target, 'README.md') : target
      const headings = [...readFileSync(file, 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, title]) =>
        title
          ?.toLowerCase()
          .replace(/[^\w\s-]/g, '')
          .replaceAll(' ', '-'),
      )
      if (heading !== undefined) expect(headings, `${name}: ${link}`).toContain(heading)
    }
  }
})

it('names files and folders that there are', () => {
  const named = documents.flatMap((name) => {
    const text = readFileSync(join(root, name), 'utf8')
    const paths = text.matchAll(/`((?:src|test|scripts|worker|demo|examples|bench)\/[\w./-]*)`/g)
    return [...paths].map(([, path = '']) => `${name}: ${path}`)
  })
  expect(named.length).toBeGreaterThan(50)
  const isAbsent = (each: string) => !existsSync(join(root, each.split(': ')[1] ?? ''))
  // A guide says NAME for what its reader adds.
  expect(named.filter((each) => !each.includes('NAME') && isAbsent(each))).toEqual([])
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

/** Flags that the documents name of other programs, and of this project's scripts. */
const FLAGS_OF_OTHERS = `
  our scripts: --against --archive --bytes --rounds --what
  cloudflared: --url
  bunx, npm, npx: --bun --global --package
  curl, git, sha256sum: --cacert --short --check --ignore-missing
  Deno: --allow-run
  docker: --add-host --build-arg --network --read-only --rm --time
  journalctl, systemctl: --follow --now --unit
  llama-server: --api-key --cache-ram --jinja --models-dir --no-models-autoload --reranking
    --sleep-idle-seconds
  LM Studio, Jan: --context-length
  LocalAI: --address --api-keys --context-size --enable-watchdog-busy --max-active-backends
    --watchdog-busy-timeout
  SGLang, vLLM: --enable-auto-tool-choice --enable-force-include-usage --max-model-len --model-path
    --reasoning-parser --served-model-name --tool-call-parser
`.match(/--[a-z-]+/g) as string[]

const OWN_BESIDE_SETTINGS = new Set(['--help', '--version', '--config'])

/** An argument with which the container is built. */
const NAMES_BESIDE_SETTINGS = ['SLUICE_COMMIT']

/** A setting of nginx that the documents name. */
const CODES_OF_OTHERS = ['proxy_read_timeout']

describe('what the README names', () => {
  it('is a flag, or a name in the environment', async () => {
    const flags = new Set(settingNames().map((name) => `--${kebab(name)}`))
    const names = new Set([
      ...settingNames().map(environmentName),
      'SLUICE_CONFIG',
      CONFIG_FILE,
      CLIENT_KEY,
      ...NAMES_BESIDE_SETTINGS,
    ])
    for (const name of toolNames) {
      const { usage } = await loadTool([name])
      for (const option of Object.keys(usage.table)) flags.add(`--${option}`)
    }
    for (const [option] of keyHelp.matchAll(/--[a-z]+/g)) flags.add(option)
    for (const option of FLAGS_OF_OTHERS) flags.add(option)
    for (const [said] of readme.matchAll(/(?<=[`\s])--[a-z][a-z-]+/g)) {
      const flag = flags.has(said) ? said : said.replace('--no-', '--')
      if (!OWN_BESIDE_SETTINGS.has(flag)) expect(flags).toContain(flag)
    }
    for (const [name] of readme.matchAll(/SLUICE_[A-Z_]+/g)) expect(names).toContain(name)
  })

  it('is a code that the source knows', () => {
    const codes = [
      ...readme.matchAll(
        /`((?:upstream|engine|webgpu|adapter|model|device)_[a-z_]+|[a-z_]+_timeout)`/g,
      ),
    ]
    const source = sources(join(root, 'src')).join('\n')
    expect(codes.length).toBeGreaterThan(18)
    for (const [, code = ''] of codes) {
      if (CODES_OF_OTHERS.includes(code)) continue
      const [, what = ''] = /^(?:upstream|engine)_(.*)$|^/.exec(code) ?? []
      const name = code.replace('_timeout', '').replaceAll('_', '-')
      expect(
        [code, what, name].some((word) => word && source.includes(`'${word}'`)),
        code,
      ).toBe(true)
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
