/** Shares the GPU: in the tab that runs the engine, and only while its owner wants it. */
import { effect } from '@preact/signals'
import type { LinkAnswer, LinkRequest, LinkStatus } from '../../src/tabs/link-options.ts'
import type { TabState } from '../../src/tabs/protocol.ts'
import type { FromLink, ToLink } from '../../worker/link-messages.ts'
import { root } from '../api.ts'
import { enginePort, gpu, isEngineHere, loading, loadModel } from '../engine.ts'
import { ownScript } from '../own-script.ts'
import { ownAddress } from '../start/place.ts'
import { choice, choose, offerKey, totals } from './choice.ts'
import { charging, followBattery } from './energy.ts'
import { offeredModels } from './offered.ts'
import { Rate } from './rate.ts'
import { type Serving, shared, show } from './shared.ts'
import { keepAwake } from './wake-lock.ts'

let isStarted = false
let worker: Worker | undefined
/** The key that the link uses. */
let usedKey = ''
/** The id that the server has given this tab. */
let tab = ''
let sent = ''
let rate = new Rate()

/** Milliseconds between two looks at what is loaded, since an engine frees its memory without a word. */
const LOOK_EVERY = 15_000

export function startSharing(): void {
  if (isStarted) return
  isStarted = true
  void followBattery(sendState)
  document.addEventListener('visibilitychange', sendState)
  addEventListener('pagehide', sayGoodbye)
  // A page that comes back from the browser's cache had left.
  addEventListener('pageshow', ({ persisted }) => {
    if (persisted && worker !== undefined) restart()
  })
  setInterval(() => worker && void refreshModels(), LOOK_EVERY)
  effect(() => {
    const isWanted = choice.value.on && isEngineHere.value && gpu.value.state === 'ready'
    const isOtherKey = worker !== undefined && offerKey.value !== usedKey
    if (isWanted && (worker === undefined || isOtherKey)) restart()
    else if (!isWanted && worker !== undefined) stop()
  })
  effect(() => {
    const { models } = choice.value
    const isLoading = loading.value !== undefined
    if (worker !== undefined && !isLoading) void refreshModels(models)
  })
  effect(() => {
    void choice.value
    sendState()
  })
  effect(() => keepAwake(choice.value.on && shared.value.link.kind === 'joined'))
}

function restart(): void {
  sayGoodbye()
  worker?.terminate()
  worker = new Worker(ownScript(LINK_URL), { type: 'module' })
  worker.addEventListener('message', ({ data }: MessageEvent<FromLink>) => handle(data))
  worker.addEventListener('error', ({ message }) => {
    onStatus({ kind: 'ended', why: message || 'The worker of the link did not start.' })
  })
  usedKey = offerKey.peek()
  rate = new Rate()
  show({ link: { kind: 'joining' }, serving: [], models: [] })
  void join()
}

/** Joins with the models that there are, so that the first list the server sees is right. */
async function join(): Promise<void> {
  const own = worker
  const models = await offeredModels(choice.peek().models)
  if (worker !== own) return
  show({ models })
  sent = JSON.stringify([state(), maxTokens()])
  post({ kind: 'join', url: ownAddress(), key: usedKey, state: state(), maxTokens: maxTokens() })
  const [first] = models
  // After the page was loaded again, say: whoever asks first would wait for it.
  if (first && models.every(({ state }) => state !== 'loaded') && !loading.peek())
    loadModel(first.id)
}

function stop(): void {
  sayGoodbye()
  const left = worker
  worker = undefined
  left?.postMessage({ kind: 'leave' } satisfies ToLink)
  // It says goodbye first.
  setTimeout(() => left?.terminate(), 2_000)
  const { link } = shared.peek()
  show({ link: link.kind === 'ended' ? link : { kind: 'off' }, serving: [], models: [] })
}

function post(message: ToLink, ports: Transferable[] = []): void {
  worker?.postMessage(message, ports)
}

function handle(message: FromLink): void {
  if (message.kind === 'status') onStatus(message.status)
  else if (message.kind === 'engine-wanted') lendEngine()
  else if (message.kind === 'request') onRequest(message.request)
  else onAnswer(message.answer)
}

/** Each time another port: the last one was closed with what it was asked. */
function lendEngine(): void {
  const port = enginePort('link')
  if (port) post({ kind: 'engine', port }, [port])
}

function onStatus(link: LinkStatus): void {
  // What a link says that was stopped is no news.
  if (worker === undefined) return
  // Another one than before was asked for nothing yet.
  const isKept = link.kind === 'lost' || (link.kind === 'joined' && link.tab === tab)
  if (link.kind === 'joined') tab = link.tab
  else if (link.kind === 'ended') tab = ''
  show({
    link,
    againAt: link.kind === 'lost' ? Date.now() + link.again : 0,
    ...(!isKept && { serving: [] }),
  })
  if (link.kind === 'ended') choose({ on: false })
}

function onRequest(request: LinkRequest): void {
  show({ serving: [...shared.peek().serving, { ...request, tokens: 0 }] })
}

function onAnswer({ id, tokens, isOver }: LinkAnswer): void {
  const { serving, requests, tokens: all } = shared.peek()
  rate.add(tokens)
  const next = serving.flatMap((each): Serving[] => {
    if (each.id !== id) return [each]
    return isOver ? [] : [{ ...each, tokens: each.tokens + tokens }]
  })
  show({
    serving: next,
    requests: requests + (isOver ? 1 : 0),
    tokens: all + tokens,
    tokensPerSecond: rate.perSecond,
  })
  const { requests: done, tokens: told } = totals.peek()
  totals.value = { requests: done + (isOver ? 1 : 0), tokens: told + tokens }
  if (!isOver) return
  rate.end()
  // Somebody may have had a model loaded.
  void refreshModels()
}

async function refreshModels(ids = choice.peek().models): Promise<void> {
  const models = await offeredModels(ids)
  if (worker === undefined) return
  show({ models })
  sendState()
}

function state(): TabState {
  const { models, tokensPerSecond } = shared.peek()
  const now = gpu.peek()
  const isCharging = charging.peek()
  return {
    models: [...models],
    ...(now.state === 'ready' && now.name !== '' && { gpu: now.name.slice(0, 256) }),
    visible: !document.hidden,
    ...(isCharging !== undefined && { charging: isCharging }),
    paused: choice.peek().paused,
    ...(tokensPerSecond > 0 && { tokensPerSecond }),
  }
}

function maxTokens(): number | undefined {
  return choice.peek().maxTokens || undefined
}

function sendState(): void {
  if (worker === undefined) return
  const text = JSON.stringify([state(), maxTokens()])
  if (text === sent) return
  sent = text
  post({ kind: 'state', state: state(), maxTokens: maxTokens() })
}

/** The worker may end before it can say it: it ends with the page. */
function sayGoodbye(): void {
  if (tab === '') return
  const body = JSON.stringify({ seq: 1, ack: 0, messages: [{ kind: 'leaving' }] })
  const headers = {
    'content-type': 'application/json',
    ...(usedKey && { authorization: `Bearer ${usedKey}` }),
  }
  const url = `${root}/tabs/${tab}`
  void fetch(url, { method: 'POST', headers, body, keepalive: true }).catch(() => {})
  tab = ''
}
