import { spawnSync } from 'node:child_process'
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { binaryOf, root } from '../../../scripts/hosts.mjs'

/** A checkout with the scripts of this one, in which `npm test` runs the tests that are given. */
let checkout: string

beforeEach(() => {
  checkout = mkdtempSync(join(tmpdir(), 'sluice-parts-'))
  mkdirSync(join(checkout, 'scripts'))
  for (const file of readdirSync(join(root, 'scripts')).filter((name) => name.endsWith('.mjs'))) {
    copyFileSync(join(root, 'scripts', file), join(checkout, 'scripts', file))
  }
  symlinkSync(join(root, 'node_modules'), join(checkout, 'node_modules'))
  for (const file of ['package.json', 'package-lock.json']) write(file, '{}')
  const tags = "[{ name: 'judges-others' }, { name: 'lacks-sockets' }]"
  write('vitest.config.mjs', `export default { test: { globals: true, tags: ${tags} } }`)
})

afterEach(() => rmSync(checkout, { recursive: true }))

function write(file: string, text: string): void {
  writeFileSync(join(checkout, file), text)
}

/** `npm test` where the parts are one with these tests and others that run these commands. */
function test(source: string, ...commands: string[][]) {
  write('some.test.mjs', `import { existsSync, writeFileSync } from 'node:fs'\n${source}`)
  const vitest = [binaryOf('node'), 'node_modules/vitest/vitest.mjs']
  const parts = [
    { name: 'some', commands: [[...vitest, 'run', 'some.test.mjs']], seconds: 60 },
    ...commands.map((command, at) => ({ name: `other${at}`, commands: [command], seconds: 60 })),
  ]
  const exported = `export const vitest = ${JSON.stringify(vitest)}`
  write('scripts/parts.mjs', `${exported}\nexport const parts = ${JSON.stringify(parts)}`)
  const ended = spawnSync(binaryOf('node'), ['scripts/test.mjs'], {
    cwd: checkout,
    encoding: 'utf8',
  })
  const lines = ended.stdout.trimEnd().split('\n')
  return { code: ended.status, lines, last: lines.at(-1), stdout: ended.stdout }
}

/** A test that passes from the second run on. */
const unsteady = (name: string, options = '{}') => `
  it(${JSON.stringify(name)}, ${options}, () => {
    const file = 'ran-' + ${JSON.stringify(name.replaceAll(/\W/g, ''))}
    const isSecond = existsSync(file)
    writeFileSync(file, '')
    expect(isSecond).toBe(true)
  })`
const steady = "it('passes', () => {})"
const broken = "it('fails', () => expect(1).toBe(2))"

it('runs a test that failed again, names it where it passes then, and succeeds', () => {
  const name = 'is (a|b)* in $1 "[x]" \\d / ? + ^{y}.'
  const other = "it('is $', () => writeFileSync('other', existsSync('other') ? 'twice' : 'once'))"
  const ended = test(`describe('a group', () => { ${unsteady(name)} }); ${steady}; ${other}`)
  expect(ended.last).toBe('3 passed, 0 failed')
  expect(ended.code).toBe(0)
  expect(ended.lines.slice(-3, -1)).toEqual([
    'Run again by itself, of 1 tests that failed, 1 passed:',
    `  passed only then: some.test.mjs > a group > ${name}`,
  ])
  expect(ended.stdout).toMatch(/^some +2 passed, 1 FAILED/)
})

it('fails where a test fails twice, and says so of each', () => {
  const ended = test(`${broken}; ${unsteady('late')}; ${steady}`)
  expect(ended.last).toBe('2 passed, 1 failed')
  expect(ended.code).toBe(1)
  expect(ended.lines.slice(-4, -1)).toEqual([
    'Run again by itself, of 2 tests that failed, 1 passed:',
    '  FAILED again: some.test.mjs > fails',
    '  passed only then: some.test.mjs > late',
  ])
})

it('fails at once where more than ten tests failed', () => {
  const many = Array.from({ length: 11 }, (_, at) => unsteady(`late ${at}`)).join('\n')
  const ended = test(many)
  expect(ended.last).toBe('0 passed, 11 failed')
  expect(ended.code).toBe(1)
  expect(ended.lines.at(-2)).toBe('No test that failed was run again: more than 10 tests failed.')
})

it('fails at once where something other than a test failed', () => {
  const node = binaryOf('node')
  const command = test(`${unsteady('late')}`, [node, '--eval', 'process.exit(3)'])
  expect([command.last, command.code]).toEqual(['0 passed, 2 failed', 1])
  expect(command.lines.at(-2)).toContain('something other than a test failed')
  // A hook that fails beside a test, whose second run would say nothing of the hook.
  const hook = `describe('a group', () => { beforeAll(() => { throw new Error('no') }); ${steady} })`
  const ended = test(`${unsteady('later')}; ${hook}`)
  expect([ended.last, ended.code]).toEqual(['0 passed, 2 failed, 1 skipped', 1])
})

it('fails at once where a test failed that judges what others left', () => {
  const ended = test(unsteady('late', "{ tags: ['judges-others'] }"))
  expect([ended.last, ended.code]).toEqual(['0 passed, 1 failed', 1])
  expect(ended.lines.at(-2)).toContain('"late" judges what other tests left')
})

it('counts what is skipped, and by what it lacked', () => {
  const skipped = "it('needs', { skip: true, tags: ['lacks-sockets'] }, () => {})"
  const ended = test(`${steady}; ${skipped}`)
  expect([ended.last, ended.code]).toEqual(['1 passed, 0 failed, 1 skipped', 0])
  expect(ended.stdout).toContain('1 passed, 1 skipped (1 need sockets)')
})
