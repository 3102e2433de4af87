import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { binaryOf, root } from '../../../scripts/hosts.mjs'

type Figures = Record<string, number | null>

const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-test-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Runs the benchmark; resolves with its exit code and all that it printed. */
async function bench(
  args: string[],
  env?: NodeJS.ProcessEnv,
): Promise<{ code: number | null; text: string }> {
  const child = spawn(binaryOf('node'), ['scripts/bench.mjs', ...args], {
    ...{ cwd: root, env: { ...process.env, ...env } },
  })
  let text = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (part: string) => {
      text += part
    })
  }
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  return { code, text }
}

describe('a quick run', { timeout: 60_000 }, () => {
  let text = ''
  let round: Record<string, Figures> = {}

  beforeAll(async () => {
    const json = join(folder, 'figures.json')
    const who = ['--only', 'bun-fetch,sluice-bun', '--what', 'ttft,paced,flood']
    const ended = await bench(['--quick', '--json', json, ...who])
    expect(ended.code, ended.text).toBe(0)
    text = ended.text
    const told = JSON.parse(readFileSync(json, 'utf8'))
    expect(told.notes).toEqual([])
    round = told.rounds[0]
  }, 60_000)

  const value = (name: string, figure: string) => round[name]?.[figure] ?? Number.NaN

  test('gives everyone a turn, the upstream itself too', () => {
    expect(Object.keys(round)).toEqual(['direct', 'bun-fetch', 'sluice-bun'])
  })

  test.each(['direct', 'bun-fetch', 'sluice-bun'])('loses no chunk of %s', (name) => {
    expect(value(name, 'flood.sent')).toBeGreaterThan(0)
    expect(value(name, 'flood.received')).toBe(value(name, 'flood.sent'))
    for (const pace of ['paced-20x100', 'paced-100x200']) {
      const received = value(name, `${pace}.received`)
      expect(received).toBeGreaterThan(0)
      expect(received).toBeLessThanOrEqual(value(name, `${pace}.sent`))
      if (value(name, `${pace}.behind`) === 0) expect(received).toBe(value(name, `${pace}.sent`))
    }
  })

  test.each(['ttft', 'paced-20x100', 'paced-100x200'])('orders the percentiles of %s', (what) => {
    for (const name of Object.keys(round)) {
      expect(value(name, `${what}.p50`)).toBeGreaterThan(0)
      expect(value(name, `${what}.p99`)).toBeGreaterThanOrEqual(value(name, `${what}.p50`))
    }
  })

  test.runIf(process.platform === 'linux')(
    'counts the processor time of the candidates alone',
    () => {
      for (const name of ['bun-fetch', 'sluice-bun']) {
        expect(value(name, 'paced-20x100.cpu')).toBeGreaterThan(0)
        expect(value(name, 'flood.busy')).toBeGreaterThan(0)
        expect(value(name, 'flood.busy')).toBeLessThan(4)
      }
      expect(round.direct?.['paced-20x100.cpu']).toBeNull()
    },
  )

  test('prints the ratio of what it measured', () => {
    const expected = value('sluice-bun', 'flood.rate') / value('bun-fetch', 'flood.rate')
    const flood = text.slice(text.indexOf('## Flood'))
    const [row = ''] = /^\| sluice-bun .*$/m.exec(flood) ?? []
    const ratios = [...row.matchAll(/([\d.]+) ×/g)].map(([, shown]) => Number(shown))
    expect(ratios).toHaveLength(1)
    expect(ratios[0]).toBeCloseTo(expected, 1)
  })
})

test("compares our client with the runtime's own fetch, round by round", async () => {
  const json = join(folder, 'pairs.json')
  const who = ['--only', 'sluice-bun,native-bun', '--what', 'flood']
  const { text, code } = await bench(['--quick', '--rounds', '2', '--json', json, ...who])
  expect(code, text).toBe(0)
  const { rounds } = JSON.parse(readFileSync(json, 'utf8')) as { rounds: Record<string, Figures>[] }
  const ratios = rounds.map(
    (round) =>
      Number(round['sluice-bun']?.['flood.rate']) / Number(round['native-bun']?.['flood.rate']),
  )
  const expected = Math.sqrt(ratios.reduce((product, ratio) => product * ratio, 1))
  const [, shown] = /^\| sluice-bun \/ native-bun +\| +flood .*?\| +([\d.]+) ×/m.exec(text) ?? []
  expect(Number(shown)).toBeCloseTo(expected, 1)
}, 60_000)

/** Stands in for Olla: forwards from the path and the port, and to the server, of its configuration. */
const standIn = `
import { readFileSync } from 'node:fs'
import { createServer, request } from 'node:http'
const settings = readFileSync(process.argv[process.argv.indexOf('-c') + 1], 'utf8')
const found = (key) => settings.split(key + ': ')[1].split('\\n')[0]
createServer((asked, answer) => {
  if (!asked.url.startsWith('/olla/openai/v1/')) return answer.writeHead(404).end()
  const { method, headers } = asked
  const url = found('url') + asked.url.slice('/olla/openai'.length)
  asked.pipe(request(url, { method, headers }, (got) => got.pipe(answer.writeHead(200))))
}).listen(Number(found('port')), found('host'))
`

test.runIf(process.platform === 'linux')(
  'measures a program that is on the PATH',
  async () => {
    const programs = join(folder, 'programs')
    mkdirSync(programs)
    writeFileSync(join(programs, 'olla.mjs'), standIn)
    const start = `#!/bin/sh\nexec '${binaryOf('node')}' '${programs}/olla.mjs' "$@"\n`
    writeFileSync(join(programs, 'olla'), start, { mode: 0o755 })
    const { text, code } = await bench(['--quick', '--only', 'olla', '--what', 'flood'], {
      PATH: `${programs}:${process.env.PATH}`,
    })
    expect(code, text).toBe(0)
    expect(text).not.toContain('Left out or failed')
    expect(text).toMatch(/^\| olla +\| +[\d.]+ \(/m)
  },
  60_000,
)

test('shows another checkout beside this one by its commit, not by its folder', async () => {
  const who = ['--only', 'sluice-bun,other-bun', '--what', 'flood']
  const { text, code } = await bench(['--quick', '--rounds', '2', '--against', root, ...who])
  expect(code, text).toBe(0)
  expect(text).toMatch(/^## Against [0-9a-f]{7,}/m)
  expect(text).toMatch(/^\| sluice-bun \| +flood .* (?:better|worse|no difference)/m)
  expect(text).not.toContain(root.replace(/\/$/, ''))
}, 60_000)

test.each([
  [['--only', 'apache'], /--only: expected names among direct, .*, got "apache"\./],
  [['--what', 'speed'], /--what: expected names among ttft, .*, got "speed"\./],
  [['--rounds', '0'], /--rounds: expected a whole number above 0, got "0"\./],
  [['--scale', '2'], /--scale: expected a number above 0 and at most 1, got "2"\./],
  [['--json'], /--json: expected a value, got nothing\./],
  [['fast'], /fast: there is no such option\./],
  [['--against'], /--against: expected a value, got nothing\./],
  [['--against', '/nowhere'], /--against: expected the folder of a checkout .*, got "\/nowhere";/],
  [['--only', 'other-bun'], /--only: expected names among .*, got "other-bun"\./],
])('refuses %j', { timeout: 20_000 }, async (args, message) => {
  const { code, text } = await bench(args)
  expect(code).toBe(2)
  expect(text).toMatch(message)
  expect(text).toContain('--help')
})
