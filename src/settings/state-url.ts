/** The URL of the store that instances share. It may hold a password, so no message shows any of it. */
import { SettingsError } from './error.ts'

export interface HostAndPort {
  host: string
  port: number
}

/** Where the store is, and how to log in there. */
export interface StateAddress {
  kind: 'single' | 'sentinel' | 'cluster'
  /** One server; or those of Sentinel, or some of a cluster's. */
  hosts: readonly [HostAndPort, ...HostAndPort[]]
  usesTls: boolean
  username?: string
  password?: string
  /** The number of the database. */
  database: number
  /** Sentinel's name of the master. */
  master?: string
  /** How to log in at Sentinel, where that needs it. */
  sentinelUsername?: string
  sentinelPassword?: string
}

const FORM =
  /^(rediss?)(?:\+(sentinel|cluster))?:\/\/(?:([^/?#]*)@)?([^/?#@]+)((?:\/[^/?#]*)*)(?:\?([^#]*))?$/i
const HOST = /^(\[[0-9a-f:.]+\]|[\w.-]+)(?::(\d{1,5}))?$/i

const EXAMPLES = {
  single: 'redis://127.0.0.1:6379 or rediss://user:password@host:6379/0',
  sentinel: 'redis+sentinel://user:password@host1:26379,host2:26379/master-name/0',
  cluster: 'redis+cluster://user:password@host1:6379,host2:6379',
} as const

/** What stands for Durable Objects, instead of a URL. */
const OBJECTS = 'objects'

/** Reads the URL. Throws a `SettingsError`. */
export function readStateUrl(text: string, shownAs = 'state'): StateAddress {
  if (text === OBJECTS)
    throw new SettingsError(
      `${shownAs}: expected the URL of a Redis server, got ${OBJECTS}, which is for workerd alone; run sluice on workerd, or give a URL such as ${EXAMPLES.single}.`,
    )
  const [, scheme = '', form = 'single', login, hosts = '', path = '', query = ''] =
    FORM.exec(text) ?? []
  const kind = form.toLowerCase() as StateAddress['kind']
  if (scheme === '') throw wrong(shownAs, `a URL such as ${Object.values(EXAMPLES).join(', ')}`)
  const parts = path.split('/').slice(1).filter(Boolean)
  const master = kind === 'sentinel' ? decoded(parts.shift() ?? '', shownAs) : undefined
  if (master === '')
    throw wrong(shownAs, `the name of Sentinel's master as the path, as in ${EXAMPLES.sentinel}`)
  const database = readDatabase(parts, kind, shownAs)
  const all = hosts.split(',').map((each) => readHost(each, kind, shownAs))
  const [first, ...others] = all
  if (first === undefined || (kind === 'single' && others.length > 0))
    throw wrong(
      shownAs,
      `one host, as in ${EXAMPLES.single}; for several, redis+sentinel: or redis+cluster:`,
    )
  return {
    kind,
    hosts: [first, ...others],
    usesTls: scheme.toLowerCase() === 'rediss',
    ...readLogin(login, shownAs),
    database,
    ...(master !== undefined && { master }),
    ...readQuery(query, kind, shownAs),
  }
}

/** The same as text, once it has been checked. Throws a `SettingsError`. */
export function checkStateUrl(text: string, shownAs: string): string {
  if (text !== OBJECTS) readStateUrl(text, shownAs)
  return text
}

/** The same on workerd, which has no connection to Redis that requests could share. Throws a `SettingsError`. */
export function requireObjects(text: string | undefined): void {
  if (text === undefined || text === OBJECTS) return
  throw new SettingsError(
    `state: expected ${OBJECTS} on workerd, got another text, which is not shown as it may hold a password; use ${OBJECTS}, or run sluice on Bun, Deno or Node.`,
  )
}

/** Whether a URL holds a password, also where it can't be read. */
export function holdsPassword(text: string): boolean {
  return text.includes('@') || /password=/i.test(text)
}

function readLogin(login: string | undefined, shownAs: string) {
  if (login === undefined || login === '') return {}
  const at = login.indexOf(':')
  // Without a colon it is a name alone; without a name, the password is that of the default user.
  const username = decoded(at === -1 ? login : login.slice(0, at), shownAs)
  const password = at === -1 ? '' : decoded(login.slice(at + 1), shownAs)
  return { ...(username && { username }), ...(password && { password }) }
}

function readHost(text: string, kind: StateAddress['kind'], shownAs: string): HostAndPort {
  const [, host = '', digits] = HOST.exec(text) ?? []
  const port = digits === undefined ? (kind === 'sentinel' ? 26_379 : 6_379) : Number(digits)
  if (host === '' || port < 1 || port > 65_535)
    throw wrong(shownAs, `hosts with ports from 1 to 65535, as in ${EXAMPLES[kind]}`)
  return { host: host.replace(/^\[|\]$/g, ''), port }
}

function readDatabase(parts: string[], kind: StateAddress['kind'], shownAs: string): number {
  const [text = '0', ...rest] = parts
  const database = /^\d{1,5}$/.test(text) && rest.length === 0 ? Number(text) : undefined
  if (database === undefined)
    throw wrong(shownAs, `the number of a database at the end, as in ${EXAMPLES[kind]}`)
  if (kind === 'cluster' && database !== 0)
    throw wrong(shownAs, `no database, since a cluster has one only, as in ${EXAMPLES.cluster}`)
  return database
}

const PARAMETERS = ['sentinelUsername', 'sentinelPassword'] as const

function readQuery(query: string, kind: StateAddress['kind'], shownAs: string) {
  const read: { sentinelUsername?: string; sentinelPassword?: string } = {}
  for (const [name, value] of new URLSearchParams(query)) {
    const known = PARAMETERS.find((each) => each === name)
    if (known === undefined || kind !== 'sentinel')
      throw wrong(shownAs, `no parameters other than ${PARAMETERS.join(' and ')}, for Sentinel`)
    read[known] = value
  }
  return read
}

function decoded(text: string, shownAs: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw wrong(
      shownAs,
      'a name and password that are percent-encoded: % as %25, @ as %40, / as %2F',
    )
  }
}

function wrong(shownAs: string, expected: string): SettingsError {
  return new SettingsError(
    `${shownAs}: expected ${expected}; got another text, which is not shown as it may hold a password.`,
  )
}
