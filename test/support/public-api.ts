/** What the package's entries export, read from their declarations: which types each one names. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { parseSync } from 'vite'
import { binaryOf, root } from '../../scripts/hosts.mjs'

/** A node of the syntax tree, whatever its type. */
interface Node {
  type: string
  start: number
  end: number
  [field: string]: unknown
}

/** A declaration, where it is. */
export interface Declaration {
  name: string
  /** Below the folder of declarations, without its ending. */
  file: string
  /** The comment before it; empty where there is none. */
  comment: string
  kind: 'function' | 'class' | 'type' | 'value'
  node: Node
}

interface Module {
  file: string
  declarations: Map<string, Declaration>
  /** Local names of what is imported: from where, under which name there. */
  imports: Map<string, { file: string; name: string }>
  /** Exported names: a local one, or one of another file. */
  exports: Map<string, { file: string; name: string }>
}

/** Writes the declarations of all sources into a new folder, whose path it returns. */
export function emitDeclarations(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-types-'))
  const tsc = [binaryOf('node'), join(root, 'node_modules/typescript/bin/tsc')]
  const args = ['-p', 'tsconfig.build.json', '--emitDeclarationOnly', '--outDir', folder]
  const { status, stdout } = spawnSync(tsc[0] as string, [tsc[1] as string, ...args], {
    cwd: root,
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`tsc failed: ${stdout}`)
  return folder
}

export class PublicApi {
  readonly #folder: string
  readonly #modules = new Map<string, Module>()

  constructor(folder: string) {
    this.#folder = folder
  }

  /** What an entry exports, by the names that it has there. */
  exportsOf(entry: string): Map<string, Declaration> {
    const found = new Map<string, Declaration>()
    for (const [name, { file, name: own }] of this.#moduleOf(entry).exports) {
      const declaration = this.#resolve(file, own)
      if (declaration === undefined) throw new Error(`${entry}: ${name} is declared nowhere`)
      found.set(name, declaration)
    }
    return found
  }

  /** The declarations of this project that a declaration names in its types. */
  namedIn({ file, node }: Declaration): Declaration[] {
    const module = this.#moduleOf(file)
    const found = new Map<string, Declaration>()
    visit(node, new Set(), (name, source) => {
      const from = source === undefined ? undefined : resolvePath(file, source)
      const target = from === undefined ? this.#lookUp(module, name) : this.#resolve(from, name)
      if (target) found.set(`${target.file}:${target.name}`, target)
    })
    return [...found.values()]
  }

  #lookUp(module: Module, name: string): Declaration | undefined {
    const own = module.declarations.get(name)
    if (own) return own
    const imported = module.imports.get(name)
    return imported && this.#resolve(imported.file, imported.name)
  }

  #resolve(file: string, name: string): Declaration | undefined {
    if (!existsSync(join(this.#folder, `${file}.d.ts`))) return undefined
    const module = this.#moduleOf(file)
    const exported = module.exports.get(name)
    if (exported && exported.file !== file) return this.#resolve(exported.file, exported.name)
    const own = this.#lookUp(module, exported?.name ?? name)
    if (own) return own
    for (const [key, { file: from }] of module.exports) {
      const found = key.startsWith('*') ? this.#resolve(from, name) : undefined
      if (found) return found
    }
    return undefined
  }

  #moduleOf(file: string): Module {
    let module = this.#modules.get(file)
    if (module === undefined) {
      module = readModule(file, readFileSync(join(this.#folder, `${file}.d.ts`), 'utf8'))
      this.#modules.set(file, module)
    }
    return module
  }
}

function readModule(file: string, text: string): Module {
  const { program, comments } = parseSync(`${file}.d.ts`, text, { lang: 'dts' })
  const module: Module = {
    file,
    declarations: new Map(),
    imports: new Map(),
    exports: new Map(),
  }
  for (const statement of program.body as unknown as Node[]) {
    if (statement.type === 'ImportDeclaration') addImports(module, statement)
    else if (statement.type === 'ExportAllDeclaration') {
      const from = resolvePath(file, (statement.source as { value: string }).value)
      module.exports.set(`*${from}`, { file: from, name: '*' })
    } else {
      const isExport = statement.type === 'ExportNamedDeclaration'
      const node = (isExport ? statement.declaration : statement) as Node | null
      if (node) addDeclaration(module, node, isExport, commentBefore(statement.start))
      else addExports(module, statement)
    }
  }
  return module

  function commentBefore(start: number): string {
    const before = comments.filter(({ end }) => end <= start)
    const last = before.at(-1)
    const isNext = last && text.slice(last.end, start).trim() === ''
    return isNext && last.value.startsWith('*') ? last.value.slice(1) : ''
  }
}

function addImports({ file, imports }: Module, { source, specifiers }: Node): void {
  const from = resolvePath(file, (source as { value: string }).value)
  for (const { imported, local } of specifiers as { imported?: Named; local: Named }[]) {
    if (from !== undefined) imports.set(local.name, { file: from, name: imported?.name ?? '*' })
  }
}

function addExports({ file, exports }: Module, { source, specifiers }: Node): void {
  const from = source ? resolvePath(file, (source as { value: string }).value) : file
  for (const { exported, local } of specifiers as { exported: Named; local: Named }[]) {
    exports.set(exported.name, { file: from, name: local.name })
  }
}

const KINDS: Record<string, Declaration['kind']> = {
  TSDeclareFunction: 'function',
  ClassDeclaration: 'class',
  VariableDeclaration: 'value',
}

function addDeclaration(module: Module, node: Node, isExport: boolean, comment: string): void {
  const ids =
    node.type === 'VariableDeclaration'
      ? (node.declarations as { id: Named }[]).map(({ id }) => id.name)
      : [(node.id as Named | undefined)?.name]
  for (const name of ids) {
    if (name === undefined) continue
    const kind = KINDS[node.type] ?? 'type'
    module.declarations.set(name, { name, file: module.file, comment, kind, node })
    if (isExport) module.exports.set(name, { file: module.file, name })
  }
}

interface Named {
  name: string
}

/** Paths of files of this project, below the folder; what is a package's stays as it is. */
function resolvePath(file: string, source: string): string {
  if (!source.startsWith('.')) return source
  const path = join('/', dirname(file), source).replace(/(\.d)?\.(ts|js)$/, '')
  return relative('/', path)
}

/** Calls `found` with each name that a type refers to, and where `import('…')` takes it from. */
function visit(
  node: Node,
  own: ReadonlySet<string>,
  found: (name: string, source?: string) => void,
): void {
  const parameters = (node.typeParameters as { params?: { name: Named }[] } | null)?.params ?? []
  const names = new Set([...own, ...parameters.map(({ name }) => name.name)])
  const reference = [node.typeName, node.exprName, node.expression].find(isIdentifier)
  const refers = /^TS(TypeReference|TypeQuery|InterfaceHeritage|ClassImplements)$/.test(node.type)
  if (refers && reference && !names.has(reference.name)) found(reference.name)
  if (node.type === 'ClassDeclaration' && isIdentifier(node.superClass)) {
    found(node.superClass.name)
  }
  if (node.type === 'TSImportType') {
    const name = (node.qualifier as Named | null)?.name
    if (name !== undefined) found(name, (node.source as { value: string }).value)
  }
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (isNode(child) && !isPrivate(child)) visit(child, names, found)
    }
  }
}

/** What only the class itself may use is no part of what it offers. */
function isPrivate(node: Node): boolean {
  return node.accessibility === 'private'
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value
}

function isIdentifier(value: unknown): value is Node & Named {
  return isNode(value) && value.type === 'Identifier'
}
