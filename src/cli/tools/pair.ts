import { isLoopback } from '../../guard/host.ts'
import { SettingsError } from '../../settings/settings.ts'
import { isObject, parseObject } from '../../util/object.ts'
import { parseUrl } from '../../util/parse-url.ts'
import { terminalLine } from '../../util/safe/terminal.ts'
import { withoutTrailing } from '../../util/without-trailing.ts'
import { bodyText } from '../body-text.ts'
import { type Target, targetOf } from '../target.ts'
import { defineTool } from './define-tool.ts'
import type { Output, ToolContext } from './tool.ts'

const usage = {
  line: 'sluice pair NAME [options]',
  text: 'Lets a browser on another device answer requests with its GPU: prints a link, a QR code and a code to\ntype, good once and for ten minutes. The device gets a key called NAME, which may offer its models\nand may not ask. The server must be running; it adds the key to its settings file.\nOn Bun, Deno and Node without such a file, the key is lost when the server stops.',
  table: {
    server: {
      value: 'URL',
      text: 'The running server; by default http://127.0.0.1:8787.',
    },
    at: {
      value: 'URL',
      text: 'The address at which the other device opens the page, where it is not the same: https://sluice.example.',
    },
    for: {
      value: 'KEY_NAME',
      text: 'The name of the key whose requests the device answers; by default those of admin keys.',
    },
    shared: { text: 'Lets the device answer the requests of every key.' },
    key: {
      value: 'KEY',
      text: 'An admin key of the server. SLUICE_CLIENT_KEY is safer: the list of processes shows flags.',
    },
  },
} as const

const DEFAULT_SERVER = 'http://127.0.0.1:8787'

interface Opened {
  name: string
  secret: string
  code: string
  expires_at: number
}

export const tool = defineTool(usage, async (given, context) => {
  const name = given.word()
  if (name === undefined) {
    throw new SettingsError('pair: expected a name for the device, such as phone, got nothing.')
  }
  const target = targetOf(given.text('server') ?? DEFAULT_SERVER, given.text('key'), 'pair')
  const owner = given.text('for')
  const wish = { name, ...(owner && { owner }), ...(given.has('shared') && { shared: true }) }
  const opened = await open(context, target, wish)
  const page = pageOf(given.text('at') ?? target.base)
  const link = `${page}/#offer=${opened.secret}`
  await print(context.out, opened, link)
  for (const line of warnings(page)) context.err.write(`sluice: ${terminalLine(line)}\n`)
  return 0
})

async function open(
  { fetch, signal }: ToolContext,
  { base, headers }: Target,
  wish: object,
): Promise<Opened> {
  const response = await fetch(`${base}/pairings`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(wish),
    signal,
  }).catch((error: Error) => {
    throw new SettingsError(
      `pair: expected a running sluice at ${base}, got none (${error.message}); start it, or name it with --server.`,
    )
  })
  const answer = parseObject(await bodyText(response))
  if (response.ok && answer !== undefined) return answer as unknown as Opened
  const error = isObject(answer?.error) ? answer.error : {}
  const said = typeof error.message === 'string' ? error.message : `status ${response.status}`
  throw new SettingsError(`pair: ${terminalLine(said)}`)
}

/** The address of the page: that of the API without its `/v1`. */
function pageOf(base: string): string {
  const url = parseUrl(base)
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new SettingsError(`--at: expected an http or https URL, got ${JSON.stringify(base)}.`)
  }
  const path = withoutTrailing('/', url.pathname)
  return url.origin + withoutTrailing('/', path.endsWith('/v1') ? path.slice(0, -3) : path)
}

async function print(out: Output, { name, code, expires_at }: Opened, link: string): Promise<void> {
  const { renderUnicodeCompact } = await import('uqr')
  const until = new Date(expires_at * 1000).toLocaleTimeString()
  out.write(`Open this on the device that is to answer as "${terminalLine(name)}":

  ${terminalLine(link)}

${(await out.isTerminal()) ? `${renderUnicodeCompact(link)}\n\n` : ''}Or open the page there, choose "Share", and type ${terminalLine(code)}.
Good once, until ${terminalLine(until)}.
`)
}

/** What keeps the other device from using the link. */
function warnings(page: string): string[] {
  const { protocol, hostname } = new URL(page)
  if (isLoopback(hostname)) {
    return [
      'the link has an address of this machine alone. For another device, start sluice with --host 0.0.0.0, and name its address with --at.',
    ]
  }
  if (protocol === 'https:') return []
  return [
    'the link begins with http:. Browsers have no WebGPU on such pages of other machines, so the device could not answer; docs/https.md shows how to serve https.',
  ]
}
