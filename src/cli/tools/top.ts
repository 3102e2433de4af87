import { SettingsError } from '../../settings/settings.ts'
import { terminalLine } from '../../util/safe/terminal.ts'
import type { Given } from '../options.ts'
import { targetOf } from '../target.ts'
import { FeedClient } from '../top/feed.ts'
import { FeedError } from '../top/feed-error.ts'
import { plainTable } from '../top/list-view.ts'
import { ordered, type Selection, sorts } from '../top/order.ts'
import { paintFor } from '../top/paint.ts'
import { ActivityStore } from '../top/store.ts'
import { runOnTerminal } from '../top/terminal.ts'
import { defineTool } from './define-tool.ts'
import type { ToolContext } from './tool.ts'

const usage = {
  line: 'sluice top [URL] [options]',
  text: 'Shows the requests of a sluice while they happen: where each is, how fast its tokens come, and how\nit ended. URL is the root of a sluice, by default the one on this machine. Admin keys see all\nrequests, other keys their own. ? lists the keys. Without a terminal it prints the table once.',
  table: {
    sort: {
      value: 'NAME',
      text: `${sorts.map((name) => `"${name}"`).join(', ')}; by default age.`,
    },
    filter: { value: 'TEXT', text: 'Show only requests in which all these words occur.' },
    failures: { text: 'Show only requests that failed or were refused.' },
    once: { text: 'Print the table once, and end.' },
    json: {
      text: 'Print the events of the feed, a line of JSON each, until it is stopped; with --once, what happens now.',
    },
    key: {
      value: 'KEY',
      text: 'Sent as "Authorization: Bearer KEY". SLUICE_CLIENT_KEY is safer: the list of processes shows flags.',
    },
  },
} as const

const DEFAULT_URL = 'http://127.0.0.1:8787'

/** Characters of a line where the output is no terminal: every column fits. */
const PLAIN_WIDTH = 200

type Options = Given<Extract<keyof typeof usage.table, string>>

export const tool = defineTool(usage, async (given, context) => {
  const url = given.word()
  const target = targetOf(url ?? DEFAULT_URL, given.text('key'), 'top')
  const client = new FeedClient(context.fetch, target, url !== undefined)
  const selection = selectionOf(given)
  try {
    if (given.has('json')) return await printEvents(client, given.has('once'), context)
    const onTerminal = await context.out.isTerminal()
    const paint = paintFor(onTerminal && !process.env.NO_COLOR && process.env.TERM !== 'dumb')
    const isScreen = onTerminal && process.stdin.isTTY === true && process.env.TERM !== 'dumb'
    if (isScreen && !given.has('once')) {
      return await runOnTerminal({ client, paint, selection, context })
    }
    const store = new ActivityStore()
    store.takeSnapshot(await client.list(context.signal), performance.now())
    const rows = ordered(store.rows, selection)
    const state = { name: client.name, store, rows, selection, scrolled: 0, selected: undefined }
    const width = (onTerminal && process.stdout.columns) || PLAIN_WIDTH
    const shown = { ...state, connection: '', message: '' }
    context.out.write(plainTable(shown, width, paint, performance.now()))
    return 0
  } catch (error) {
    if (context.signal.aborted) return 0
    if (!(error instanceof FeedError)) throw error
    context.err.write(`sluice: ${terminalLine(error.message)}\n`)
    return 1
  }
})

/** Throws a `SettingsError`. */
function selectionOf(given: Options): Selection {
  const name = given.text('sort') ?? 'age'
  const sort = sorts.find((each) => each === name)
  if (sort === undefined) {
    throw new SettingsError(
      `--sort: expected one of ${sorts.join(', ')}, got ${JSON.stringify(name)}; name one of these.`,
    )
  }
  return { sort, filter: given.text('filter') ?? '', failuresOnly: given.has('failures') }
}

/** `{"event":"snapshot",…}`, then `{"event":"changes",…}` for what changes. */
async function printEvents(
  client: FeedClient,
  once: boolean,
  { out, err, signal }: ToolContext,
): Promise<number> {
  const gone = new AbortController()
  process.stdout.on('error', () => gone.abort())
  const both = AbortSignal.any([signal, gone.signal])
  const print = (event: string, data: object) =>
    out.write(`${terminalLine(JSON.stringify({ event, ...data }))}\n`)
  if (once) {
    print('snapshot', await client.list(both))
    return 0
  }
  const listener = {
    onSnapshot: (list: object) => print('snapshot', list),
    onChanges: (changes: object) => print('changes', changes),
    onLost: (reason: string, againIn: number) =>
      err.write(`sluice: ${terminalLine(reason)}; trying again in ${againIn / 1_000} s.\n`),
  }
  await client.follow(listener, both)
  return 0
}
