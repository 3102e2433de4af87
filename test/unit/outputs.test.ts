import { expect, it } from 'vitest'
import { codeFiles, visitFile } from '../support/regular-expressions.ts'

/** A node of a syntax tree. */
interface Node extends Record<string, unknown> {
  type: string
  start: number
  end: number
}

/** Functions whose result may be printed: those of src/util/safe, and those that apply them. */
const SAFE = [
  'terminalLine',
  'terminalText',
  'stackText',
  'formatEntry',
  'startupText',
  'enginesText',
  'engineChanges',
  'usageText',
  'summaryOf',
  'shown',
]

/** What else is printed, by its file and its text, and why nothing foreign is in it. */
const EXCEPTIONS: Record<string, string> = {
  'src/cli/chat/editor.ts: prompt': 'a constant',
  'src/cli/chat/editor.ts: typed.text': 'what the user typed there',
  'src/cli/chat/editor.ts: text as string': 'what readline echoes of the user’s typing',
  'src/cli/chat/keys.ts: MARK_PASTES': 'a constant',
  'src/cli/chat/keys.ts: MARK_NOTHING': 'a constant',
  'src/cli/chat/printer.ts: text': 'each caller in the class applies terminalPieces or showBytes',
  'src/cli/chat/printer.ts: this.#options.style.weak(`waiting ${seconds} s`)': 'a number',
  'src/cli/chat/session.ts: text': 'each caller in the class applies terminalLine',
  'src/cli/progress.ts: text': 'made by movingLine or plainLine, which apply terminalLine',
  "src/cli/tools/pair.ts: (await out.isTerminal()) ? `${renderUnicodeCompact(link)}\\n\\n` : ''":
    'the blocks of a QR code',
  'src/cli/tools/record.ts: packets': 'a number',
  'src/cli/tools/record.ts: length': 'a number',
  'src/cli/tools/replay.ts: packets.length': 'a number',
  'src/cli/tools/top.ts: againIn / 1_000': 'a number',
  'src/cli/tools/top.ts: plainTable(shown, width, paint, performance.now())':
    'made of what shown made safe, as test/unit/cli/top/frames.test.ts tests',
  'src/cli/top/terminal.ts: text': 'screens, made in the same way',
  'src/cli/tools/chat.ts: text': 'from Printer; or for a pipe, which gets exactly what came',
  "src/cli/tools/check.ts: title === '' ? '' : `requesting ${terminalLine(title)} …`":
    'applied within',
  'src/hosts/server/command.ts: command': 'the help or the version',
  'src/hosts/server/terminal.ts: text': 'what the calls above print',
  'src/hosts/bun/terminal.ts: text': 'what the calls above print',
  'src/hosts/server/reload.ts: shownFile': 'terminalLine made it',
  'src/hosts/server/reload.ts: rest': 'names of settings',
  'src/hosts/workerd.ts: status': 'the name of a signal or a number',
  "src/hosts/workerd.ts: entry ? formatEntry(entry, 'text') : terminalLine(line)": 'applied within',
  'src/routes/internal-error.ts: id': 'a random UUID',
}

const OUTPUTS = /(?:^|[.#])(?:out|err|output|stdout|stderr|sink|open\(\)|options|console)$/

/** The texts that a file prints, apart from those that are constant or safe. */
function printedIn(file: string): string[] {
  const found: string[] = []
  visitFile(file, (node, text) => {
    if (node.type !== 'CallExpression') return
    const { type, object, property } = node.callee as Node & { object: Node; property: Node }
    if (type !== 'MemberExpression') return
    const target = text.slice(object.start, object.end)
    const isOutput = property.name === 'write' || target === 'console'
    if (!isOutput || !OUTPUTS.test(target)) return
    for (const given of node.arguments as Node[]) {
      for (const part of partsOf(given, text)) found.push(`${file}: ${part}`)
    }
  })
  return found
}

/** The parts of an argument that are not known to be safe. */
function partsOf(node: Node, text: string): string[] {
  if (node.type === 'TemplateLiteral') {
    return (node.expressions as Node[]).flatMap((part) => partsOf(part, text))
  }
  if (node.type === 'Literal') return []
  if (node.type === 'AwaitExpression') return partsOf(node.argument as Node, text)
  const name = node.type === 'CallExpression' ? (node.callee as Node).name : undefined
  if (typeof name === 'string' && SAFE.includes(name)) return []
  return [text.slice(node.start, node.end)]
}

const printed = new Set(codeFiles('src', 'worker').flatMap(printedIn))

it('every text that is printed has passed a function that makes it safe', () => {
  expect([...printed].filter((part) => !Object.hasOwn(EXCEPTIONS, part))).toEqual([])
  expect(Object.keys(EXCEPTIONS).filter((part) => !printed.has(part))).toEqual([])
})

/** What templates of HTML hold as it is: HTML that other templates made, constants and numbers. */
const HTML = [
  ...[
    'state',
    'list',
    'lines',
    'none',
    'shown',
    'NOT_TOLD',
    'NEEDS_KEY',
    'LISTED',
    'NOT_ADMIN',
    'NO_ADMIN',
    'STYLE',
    'severity',
  ],
  ...['heading', 'ms', 'status', 'broken.length', 'list.length', 'rows.length'],
]

/** Functions that compose HTML of templates, whose own parts are seen in the same file. */
const COMPOSING = [
  ...['part', 'table', 'ruleOf', 'chatPart', 'links', 'enginesPart', 'modelsPart', 'engine'],
  ...['progressHead', 'progressPart', 'failedPart', 'allCodes', 'link', 'inline', 'paragraphs'],
]

/** The parts of a template of HTML that nothing made safe. `safe`: what `htmlText` is called there. */
function unsafeIn(node: Node, text: string, safe: string): string[] {
  const within = (...nodes: unknown[]) =>
    nodes.flatMap((each) => unsafeIn(each as Node, text, safe))
  const shown = text.slice(node.start, node.end)
  switch (node.type) {
    case 'Literal':
      return []
    case 'TemplateLiteral':
      return within(...(node.expressions as Node[]))
    case 'ConditionalExpression':
      return within(node.consequent, node.alternate)
    case 'LogicalExpression':
      return within(node.left, node.right)
    case 'ArrowFunctionExpression':
      return within(node.body)
    case 'CallExpression':
      return isComposed(node, safe)
        ? []
        : (joined(node)?.flatMap((each) => within(each)) ?? [shown])
    default:
      return [...HTML, ...COMPOSING].includes(shown) ? [] : [shown]
  }
}

function isComposed({ callee }: Node, safe: string): boolean {
  const { type, name } = callee as Node & { name?: string }
  return type === 'Identifier' && name !== undefined && [safe, ...COMPOSING].includes(name)
}

/** What `list.join('')` and `list.map(made).join('')` put together; undefined for another call. */
function joined({ callee, arguments: given }: Node): unknown[] | undefined {
  const { object, property } = callee as { object?: Node; property?: { name?: string } }
  if (property?.name === 'map') return given as unknown[]
  return property?.name === 'join' && object ? [object, ...(given as unknown[])] : undefined
}

/** The name by which a file calls `htmlText`. */
function nameOfHtmlText(file: string): string {
  let name = ''
  visitFile(file, ({ type, imported, local }) => {
    const isIt = type === 'ImportSpecifier' && (imported as { name?: string }).name === 'htmlText'
    if (isIt) name = (local as { name: string }).name
  })
  return name
}

/** The files that write HTML, and what their templates hold besides. */
const HTML_FILES: Record<string, string[]> = {
  // Paths of routes and their names, which are constants.
  'src/routes/home.ts': ['SCRIPT', 'path', 'name'],
  // Constants, a number, and a sentence made of templates.
  'src/routes/page-progress.ts': ['title', 'reload', 'seconds', 'what'],
  // Titles of groups and own codes, which are constants, and HTML of other templates.
  'src/routes/errors/error-docs.ts': ['title', 'code', 'items', 'similar', 'hint', 'body'],
  'src/check/verification/html.ts': [],
}

it('every text in a page that sluice writes has passed htmlText', () => {
  const unsafe = new Set<string>()
  for (const [file, own] of Object.entries(HTML_FILES)) {
    const safe = nameOfHtmlText(file)
    visitFile(file, (node, text) => {
      if (node.type !== 'TemplateLiteral') return
      if (!text.slice(node.start as number, node.end as number).includes('<')) return
      for (const part of unsafeIn(node as Node, text, safe)) {
        if (!own.includes(part)) unsafe.add(`${file}: ${part}`)
      }
    })
  }
  expect([...unsafe]).toEqual([])
})
