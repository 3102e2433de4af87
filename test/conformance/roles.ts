import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type OperationId, table } from '../../src/routes/table.ts'
import type { Access } from '../../src/routes/table-entry.ts'
import { type HostName, type Server, useServerWith } from '../support/server.ts'
import { closedPort, startUpstream, type Upstream } from '../support/upstream.ts'
import { bearer, entry } from './keys-entries.ts'

/** The name of an engine, which only an admin may learn. */
const LABEL = 'rack-17'

const WITH_KEYS = {
  'no key': {},
  'a wrong key': bearer('wrong').headers,
  'an ordinary key': bearer('ann-key').headers,
  'a disabled key': bearer('off-key').headers,
  'an admin key': bearer('root-key').headers,
}

const ROLES = [...Object.keys(WITH_KEYS), 'loopback', 'a proxy', 'public'] as const

const ADMINS: readonly string[] = ['an admin key', 'loopback']

/** Routes for any key which show the engines to admins besides. */
const SHOWS_ADMINS: readonly OperationId[] = ['listActivity']

/** Routes that are forwarded to a server. */
const PASSED = '401 401 served 401 served | served served served'

/** Routes that change a server, or show what belongs to all of its users. */
const MANAGED = '401 401 403 401 served | served 403 403'

/**
 * What each caller gets of each route, in the order of `ROLES`: the first five where there are keys,
 * the others where there are none. A route is `served` or refused with a status; one that is open shows
 * `nothing` of what runs here, the `models` that the caller may use, or the `engines` too.
 */
const EXPECTED: Record<OperationId, string> = {
  createChatCompletion: '401 401 served 401 served | served served served',
  createCompletion: '401 401 served 401 served | served served served',
  createMessage: '401 401 served 401 served | served served served',
  countMessageTokens: '401 401 served 401 served | served served served',
  countInputTokens: '401 401 served 401 served | served served served',
  compactResponse: '401 401 served 401 served | served served served',
  createResponse: '401 401 served 401 served | served served served',
  retrieveResponse: '401 401 served 401 served | served served served',
  deleteResponse: '401 401 served 401 served | served served served',
  cancelResponse: '401 401 served 401 served | served served served',
  listInputItems: '401 401 served 401 served | served served served',
  retrieveStream: '401 401 served 401 served | served served served',
  deleteStream: '401 401 served 401 served | served served served',
  stopStream: '401 401 served 401 served | served served served',
  createEmbedding: '401 401 served 401 served | served served served',
  listModels: '401 401 served 401 served | served served served',
  retrieveModel: '401 401 served 401 served | served served served',
  health: 'nothing nothing models nothing engines | engines models models',
  ready: 'nothing nothing models nothing engines | engines models models',
  home: 'nothing nothing models nothing engines | engines models models',
  status: 'nothing nothing models nothing engines | engines models models',
  openapi: 'nothing nothing nothing nothing nothing | nothing nothing nothing',
  openapiPage: 'nothing nothing nothing nothing nothing | nothing nothing nothing',
  listErrors: 'nothing nothing nothing nothing nothing | nothing nothing nothing',
  explainError: 'nothing nothing nothing nothing nothing | nothing nothing nothing',
  createRerank: PASSED,
  createRerankV2: PASSED,
  createReranking: PASSED,
  createRerankAtRoot: PASSED,
  createScore: PASSED,
  createScoreAtRoot: PASSED,
  tokenize: PASSED,
  detokenize: PASSED,
  applyTemplate: PASSED,
  createInfill: PASSED,
  createTranscription: PASSED,
  createTranslation: PASSED,
  createSpeech: PASSED,
  createImage: PASSED,
  createModeration: PASSED,
  getServerProps: MANAGED,
  listSlots: MANAGED,
  pullModel: MANAGED,
  buildModel: MANAGED,
  copyModel: MANAGED,
  pushModel: MANAGED,
  deleteModel: MANAGED,
  findBlob: MANAGED,
  createBlob: MANAGED,
  listOllamaModels: '401 401 served 401 served | served served served',
  showOllamaModel: '401 401 served 401 served | served served served',
  listRunningModels: '401 401 served 401 served | served served served',
  getOllamaVersion: 'nothing nothing nothing nothing nothing | nothing nothing nothing',
  readMetrics: MANAGED,
  createOllamaEmbed: '401 401 served 401 served | served served served',
  createOllamaEmbeddings: '401 401 served 401 served | served served served',
  createOllamaChat: '401 401 served 401 served | served served served',
  createOllamaGeneration: '401 401 served 401 served | served served served',
  listActivity: '401 401 served 401 served | served 403 403',
  retrieveActivity: '401 401 served 401 served | served 403 403',
  cancelActivity: '401 401 served 401 served | served 403 403',
  listCaptures: MANAGED,
  changeCaptures: MANAGED,
  deleteCaptures: MANAGED,
  retrieveCapture: MANAGED,
  deleteCapture: MANAGED,
  retrieveUsage: '401 401 served 401 served | served 403 403',
  joinTab: '401 401 403 401 403 | served 403 403',
  tellTab: '401 401 403 401 403 | served 403 403',
  listTabs: MANAGED,
  removeTab: MANAGED,
  openPairing: MANAGED,
  listPairings: MANAGED,
  removePairing: MANAGED,
  redeemPairing: 'nothing nothing nothing nothing nothing | nothing nothing nothing',
}

const messages = [{ role: 'user', content: 'Hi' }]

/** A body that each route with a body takes, so that it is refused for its caller only. */
const BODY = { model: 'static', max_tokens: 10, messages, input: 'Hi', prompt: 'Hi' }

/** Who gets what of every route. */
export function roles(host: HostName): void {
  let upstream: Upstream
  let gone = ''
  const start = (flags: string[], env: Record<string, string> = {}) =>
    useServerWith(host, async () => {
      upstream ??= await startUpstream({ models: [{ id: 'small' }, { id: 'large' }] as never })
      gone ||= `http://127.0.0.1:${await closedPort()}/v1`
      const engines = ['--upstream', `${LABEL}=${upstream.url}`, '--upstream', `${LABEL}b=${gone}`]
      return { flags: ['--static-delay', '0', ...engines, ...flags], env }
    })
  const keys = [
    entry('ann', 'ann-key', { models: ['small', 'static'] }),
    entry('off', 'off-key', { admin: true, disabled: true }),
    entry('root', 'root-key', { admin: true }),
  ]
  const keyed = start([], { SLUICE_KEYS: JSON.stringify(keys) })
  const local = start([])
  const open = start(['--host', '0.0.0.0', '--insecure'])
  // From a checkout a server makes the description when it is first asked for, which takes a second or
  // more: connections that are idle meanwhile would be closed while the next request is on its way.
  beforeAll(async () => {
    const servers = [keyed, local, open]
    await Promise.all(servers.map((server) => fetch(`${originOf(server)}/openapi.json`)))
  }, 60_000)
  afterAll(() => upstream?.close())

  /** A role's server and headers. */
  function asked(role: string): [Server, Record<string, string>] {
    if (role === 'public') return [open, {}]
    if (role === 'loopback') return [local, {}]
    if (role === 'a proxy') return [local, { 'x-forwarded-for': '203.0.113.7' }]
    return [keyed, WITH_KEYS[role as keyof typeof WITH_KEYS]]
  }

  async function ask(id: OperationId, role: string): Promise<{ shown: string; text: string }> {
    const { method, path, access, request } = table[id]
    const [server, headers] = asked(role)
    const response = await fetch(`${originOf(server)}${path.replace(/:id\+?/, 'static')}`, {
      method: method.toUpperCase(),
      headers: { ...headers, ...(request && { 'content-type': 'application/json' }) },
      ...(request && { body: JSON.stringify(BODY) }),
    })
    const body = await response.text()
    const text = body + JSON.stringify([...response.headers])
    if (access === 'open') return { shown: viewOf(body), text }
    const isRefused = [401, 403, 503].includes(response.status)
    return { shown: isRefused ? String(response.status) : 'served', text }
  }

  it.each(Object.keys(table) as OperationId[])('%s', async (id) => {
    const answers = await Promise.all(ROLES.map((role) => ask(id, role)))
    const shown = answers.map((answer) => answer.shown)
    const expected = EXPECTED[id].split(' ').filter((word) => word !== '|')
    // A page that was built shows what its own requests get.
    const isPage = id === 'home' && answers.every(({ text }) => text.includes('id="app"'))
    if (!isPage) expect(shown).toEqual(expected)
    for (const [index, { text }] of answers.entries()) {
      const isAdmin = isForAdmins(table[id].access) && expected[index] === 'served'
      const isShown = SHOWS_ADMINS.includes(id) && ADMINS.includes(ROLES[index] ?? '')
      const mayKnow = isAdmin || isShown || expected[index] === 'engines'
      if (!mayKnow) expect(text, ROLES[index]).not.toContain(LABEL)
      for (const url of [upstream.url, gone]) expect(text).not.toContain(new URL(url).host)
    }
  })

  describe('of which an ordinary key', () => {
    it('sees its own models only, and whether they are ready', async () => {
      const { text } = await ask('health', 'an ordinary key')
      expect(text).toContain('"models":[{"id":"small","ready":true},{"id":"static","ready":true}]')
      const page = (await ask('status', 'an ordinary key')).text
      expect(page).toContain('small')
      expect(page).not.toContain('large')
      expect(page).toContain('sluice key new NAME --admin')
    })

    it('and an admin sees all of them, with what is wrong with each engine', async () => {
      const page = (await ask('status', 'an admin key')).text
      expect(page).toContain('large')
      expect(page).toContain(`${LABEL}b can&#39;t be reached`)
    })
  })

  it.each([
    ['forwarded', 'for=203.0.113.7'],
    ['x-forwarded-host', 'sluice.example'],
    ['x-forwarded-port', '443'],
    ['x-real-ip', '203.0.113.7'],
    ['via', '1.1 proxy'],
    ['cf-connecting-ip', '203.0.113.7'],
  ])('no admin is whom %s names', async (name, value) => {
    const response = await fetch(`${local.url}/health`, { headers: { [name]: value } })
    expect(viewOf(await response.text())).toBe('models')
  })

  it('no admin is who is told why on a public address', async () => {
    expect((await ask('status', 'public')).text).toContain('no keys are configured')
  })

  it.each([
    ...['/', '/status', '/openapi.html', '/openapi.json', '/nowhere', '/v1/models/none'],
    ...['/assets/none.js', '/v1/chat/completions'],
  ])('%s lets a browser do nothing that it need not', async (path) => {
    const { headers, body } = await fetch(local.url + path)
    const policy = headers.get('content-security-policy') ?? ''
    expect(policy.split('; ')).toEqual(
      expect.arrayContaining([
        ...["default-src 'none'", "base-uri 'none'", "form-action 'none'"],
        "frame-ancestors 'none'",
      ]),
    )
    expect(policy).not.toMatch(/unsafe|\*|https?:/)
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    await body?.cancel()
  })
}

/** Where a server is asked, also one that listens on every address. */
function originOf({ url }: Server): string {
  return url.replace('//0.0.0.0', '//127.0.0.1')
}

function isForAdmins(access: Access): boolean {
  return access === 'admin' || access === 'metrics'
}

/** What an answer shows of what runs here. */
function viewOf(text: string): string {
  if (text.includes(LABEL)) return 'engines'
  // The description of the API has an example with a model that is none.
  return /"models":\[(?!\{"id":"MODEL")|<code>small</.test(text) ? 'models' : 'nothing'
}
