/** Every regular expression in the code, found in its syntax trees. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseSync } from 'vite'

const root = fileURLToPath(new URL('../../', import.meta.url))

export interface FoundRegExp {
  /** `src/util/closest-matches.ts:44` */
  place: string
  pattern: string
  flags: string
}

/** The files with code below these folders, as paths from the root. */
export function codeFiles(...folders: string[]): string[] {
  return folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(?:tsx?|m?js)$/.test(name) && !name.startsWith('public/'))
      .map((name) => `${folder}/${name}`),
  )
}

/** Calls `visit` with every node of a file's syntax tree, and with the file's text. */
export function visitFile(
  file: string,
  visit: (node: Record<string, unknown>, text: string) => void,
): void {
  const text = readFileSync(join(root, file), 'utf8')
  const { program, errors } = parseSync(file, text)
  const [error] = errors
  if (error !== undefined) throw new Error(`${file}: ${error.message}`)
  const waiting: unknown[] = [program]
  while (waiting.length > 0) {
    const node = waiting.pop()
    if (typeof node !== 'object' || node === null) continue
    if (!Array.isArray(node)) visit(node as Record<string, unknown>, text)
    for (const child of Object.values(node)) {
      if (typeof child === 'object' && child !== null) waiting.push(child)
    }
  }
}

/** The regular expressions of a file that are written as such, and the places of those that are built. */
export function regularExpressionsIn(file: string): { literals: FoundRegExp[]; built: string[] } {
  const literals: FoundRegExp[] = []
  const built: string[] = []
  visitFile(file, (node, text) => {
    const line = () => text.slice(0, node.start as number).split('\n').length
    if (node.type === 'Literal' && node.regex) {
      const { pattern, flags } = node.regex as { pattern: string; flags: string }
      literals.push({ place: `${file}:${line()}`, pattern, flags })
    }
    const isCall = node.type === 'NewExpression' || node.type === 'CallExpression'
    if (isCall && isRegExpMaker(node, text)) {
      built.push(`${file}: ${text.slice(node.start as number, node.end as number)}`)
    }
  })
  return { literals, built }
}

/** `RegExp(…)`, and the methods that make a regular expression of a text: `'a'.match('b+')`. */
function isRegExpMaker(node: Record<string, unknown>, text: string): boolean {
  const callee = node.callee as { name?: string; property?: { name?: string } }
  if (callee.name === 'RegExp') return true
  if (!['match', 'matchAll', 'search'].includes(callee.property?.name ?? '')) return false
  const [first] = node.arguments as { type: string; start: number; end: number }[]
  return first !== undefined && /^['"`]/.test(text.slice(first.start, first.end))
}
