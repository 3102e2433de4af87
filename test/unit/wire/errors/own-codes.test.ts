import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { describe, expect, it } from 'vitest'
import { errorsPage } from '../../../../scripts/errors-page.ts'
import { declarations } from '../../../../src/settings/table/table.ts'
import { isOwnCode, OWN_CODES } from '../../../../src/wire/errors/own-codes.ts'
import type { ErrorReference } from '../../../../src/wire/errors/reference/entry.ts'
import { errorGroups, errorReference } from '../../../../src/wire/errors/reference/reference.ts'

const root = join(import.meta.dirname, '../../../..')
const references: [string, ErrorReference][] = Object.entries(errorReference)

/** As a field of an error, in the constants that stand for one, and given to a function that makes one. */
const CODES = [
  /\bcode: '([a-z_]+)'/g,
  /\b(?:_CODE|START_FAILED|NOT_STARTED|MODEL_LOADING|LOST) = '([a-z_]+)'/g,
  /\bmissing\(\s*'([a-z_]+)'/g,
  /\bcode = '([a-z_]+)'/g,
]

describe('the list of codes', () => {
  it('has every code that sluice gives an error', () => {
    // The programs of sluice read errors, and make none that a client sees.
    const files = globSync(['src/**/*.ts', 'worker/**/*.ts'], {
      cwd: root,
      exclude: ['src/cli/**'],
    })
    const texts = files.map((file) => readFileSync(join(root, file), 'utf8'))
    const found = CODES.flatMap((pattern) =>
      texts.flatMap((text) => [...text.matchAll(pattern)].map(([, code]) => code as string)),
    )
    // The name that a span has in Node's own errors.
    const own = new Set(found.filter((code) => code !== 'createHandler'))
    expect(own.size).toBeGreaterThan(60)
    expect([...own].filter((code) => !isOwnCode(code))).toEqual([])
  })

  it('has those that are put together', () => {
    for (const source of ['upstream', 'engine'])
      for (const what of ['error', 'incomplete', 'invalid', 'truncated'])
        expect(isOwnCode(`${source}_${what}`)).toBe(true)
    for (const phase of ['answer', 'first_token', 'token', 'load'])
      expect(isOwnCode(`${phase}_timeout`)).toBe(true)
  })

  it('has none of a server', () => {
    for (const code of ['insufficient_quota', '', 'other', 'constructor'])
      expect(isOwnCode(code)).toBe(false)
  })

  it('is the list of what is explained', () => {
    expect([...OWN_CODES]).toEqual(Object.keys(errorReference).toSorted())
    const grouped = Object.values(errorGroups).flatMap((group) => Object.keys(group))
    expect(grouped.toSorted()).toEqual([...OWN_CODES])
  })
})

describe.each(references)('%s', (_code, reference) => {
  const { status, meaning, causes, remedies, settings = [], guide } = reference

  it('says what it means, why it comes and what to do, in sentences', () => {
    expect(status.every((each) => each >= 400 && each < 600)).toBe(true)
    expect(causes.length).toBeGreaterThan(0)
    expect(remedies.length).toBeGreaterThan(0)
    for (const text of [meaning, ...causes, ...remedies]) {
      expect(text).toMatch(/^[A-Z`].*\.$/s)
      // Code in an odd number of marks would run on to the end.
      expect(text.split('`').length % 2).toBe(1)
      expect(text).not.toMatch(/\*|\n|\]\(/)
    }
  })

  it('names settings, flags and pages that there are', () => {
    expect(settings.filter((name) => !(name in declarations))).toEqual([])
    const flags = new Set(
      Object.keys(declarations).map((name) => name.replace(/[A-Z]/g, '-$&').toLowerCase()),
    )
    const said = [meaning, ...causes, ...remedies].join(' ').matchAll(/`--([a-z-]+)/g)
    expect([...said].map(([, flag]) => flag as string).filter((flag) => !flags.has(flag))).toEqual(
      [],
    )
    if (guide === undefined) return
    const [page = '', anchor] = guide.split('#')
    expect(existsSync(join(root, 'docs', page))).toBe(true)
    if (anchor !== undefined) expect(anchorsOf(page)).toContain(anchor)
  })
})

function anchorsOf(page: string): string[] {
  const text = readFileSync(join(root, 'docs', page), 'utf8')
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\w -]/g, '')
      .replaceAll(' ', '-'),
  )
}

describe('the texts', () => {
  it('are the page of the documentation', () => {
    const page = readFileSync(join(root, 'docs/errors.md'), 'utf8')
    expect(page === errorsPage(), 'node scripts/errors.mjs writes it').toBe(true)
    for (const code of OWN_CODES) expect(page).toContain(`<a id="${code}"></a>`)
  })

  it('are loaded by nothing but their own route', async () => {
    const { metafile } = await build({
      entryPoints: [join(root, 'src/index.ts')],
      ...{ bundle: true, splitting: true, format: 'esm', metafile: true, write: false },
      ...{ outdir: 'out', external: ['node:*'], logLevel: 'error' },
    })
    const isText = (file: string) => file.includes('errors/reference/')
    const outputs = Object.values(metafile.outputs)
    const entry = outputs.find(({ entryPoint }) => entryPoint === 'src/index.ts')
    const eager = new Set<string>()
    const visit = (output: typeof entry): void => {
      for (const file of Object.keys(output?.inputs ?? {})) eager.add(file)
      for (const { kind, path } of output?.imports ?? [])
        if (kind === 'import-statement') visit(metafile.outputs[path])
    }
    visit(entry)
    expect([...eager].some((file) => file.includes('wire/errors/own-codes'))).toBe(true)
    expect([...eager].filter(isText)).toEqual([])
    expect(outputs.some(({ inputs }) => Object.keys(inputs).some(isText))).toBe(true)
  })
})
