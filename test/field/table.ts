/** The table of clients in docs/clients.md, made from results. */
import { CELL_NAMES, cells } from './cells.ts'
import { type Client, clients } from './clients.ts'
import type { CellResult, ClientResult, Results } from './store.ts'

export const BEGIN =
  '<!-- The table below is made from clients/results.json; CONTRIBUTING.md says how. -->'
export const END = '<!-- End of the table. -->'

/** The page, with the table of these results in the place of the one that it holds. */
export function withTable(page: string, results: Results): string {
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)]
  if (begin < 0 || end < begin) {
    throw new Error(`docs/clients.md: expected the lines "${BEGIN}" and "${END}"; put them back.`)
  }
  return `${page.slice(0, begin)}${BEGIN}\n\n${table(results)}\n${page.slice(end)}`
}

export function table(results: Results): string {
  const notes: string[] = []
  const headings = ['client', 'API', ...CELL_NAMES.map((name) => cells[name].heading)]
  const lines = [row(headings), row(headings.map(() => '---'))]
  for (const client of clients) lines.push(...rowsOf(client, results[client.name], notes))
  const numbered = notes.map((note, index) => `${index + 1}. ${note}`)
  const meanings = CELL_NAMES.map((name) => `- **${cells[name].heading}**: ${cells[name].about}`)
  return [...lines, '', ...meanings, '', ...numbered, ''].join('\n')
}

function rowsOf(client: Client, result: ClientResult | undefined, notes: string[]): string[] {
  const link = `[${client.title}](clients/${client.name}.md)`
  if (result === undefined || result.missing !== undefined) {
    const why = result?.missing ?? 'It was not driven yet.'
    return [row([link, '', ...CELL_NAMES.map((_, at) => (at === 0 ? mark('–', why, notes) : ''))])]
  }
  return client.apis.map(({ id, title }, at) => {
    const shown = CELL_NAMES.map((name) => cellText(result.apis[id]?.[name], notes))
    const name = at === 0 ? `${link} ${result.version}, ${result.host}, ${result.date}` : ''
    return row([name, title, ...shown])
  })
}

function cellText(result: CellResult | undefined, notes: string[]): string {
  if (result === undefined) return ''
  const sign = { pass: '✓', fail: '✗', none: '–' }[result.result]
  return mark(sign, result.note, notes)
}

/** The sign, with the number of its note; the same note has one number. */
function mark(sign: string, note: string | undefined, notes: string[]): string {
  if (note === undefined) return sign
  const known = notes.indexOf(note)
  const number = known >= 0 ? known + 1 : notes.push(note)
  return `${sign} <sup>${number}</sup>`
}

function row(texts: string[]): string {
  return `| ${texts.join(' | ')} |`
}

/** How many cells passed, failed and could not be asked for. */
export function summary(results: Results): string {
  const all = Object.values(results).flatMap(({ apis }) =>
    Object.values(apis).flatMap((each) => Object.values(each)),
  )
  const count = (wanted: CellResult['result']) =>
    all.filter(({ result }) => result === wanted).length
  return `${count('pass')} passed, ${count('fail')} failed, ${count('none')} not applicable`
}
