/**
 * The engine of this browser. One of the open tabs runs it in a worker, and the others use it through
 * the service worker. When that tab is closed, another one takes over.
 */
import { signal } from '@preact/signals'
import type { Model } from '../src/engines/engine.ts'
import type { Connector } from '../src/engines/remote/connector.ts'
import type { Port } from '../src/engines/remote/protocol.ts'
import type { WorkerCommand, WorkerEvent } from '../src/engines/webllm/worker.ts'
import type { FromPage, ToPage } from '../worker/messages.ts'
import { readModelsFile } from './own-models.ts'
import { ownScript } from './own-script.ts'
import { startServiceWorker } from './service.ts'

export type Gpu =
  | { state: 'checking' }
  | { state: 'ready'; name: string }
  | { state: 'missing'; why: string; remedy: string }

/** The progress of the tab that loads a model. */
export interface Loading {
  model: string
  done: number
  text: string
  startedAt: number
  /** Megabytes loaded so far, where web-llm reports them. */
  megabytes?: number
  error?: string
}

export const gpu = signal<Gpu>({ state: 'checking' })
/** What it can run, where no service worker lists it with the server's models. */
export const gpuModels = signal<readonly Model[]>([])
export const loading = signal<Loading | undefined>(undefined)
/** Whether this tab runs the engine, rather than another one. */
export const isEngineHere = signal(false)

/** The messages between tabs. */
type TabMessage =
  | { kind: 'news'; news: WorkerEvent }
  | { kind: 'load'; model: string }
  | { kind: 'stop-loading' }
  | { kind: 'load-failed'; model: string; message: string }
  | { kind: 'loaded'; model: string }
  /** Asks the tab that runs the engine for its latest news. */
  | { kind: 'who' }

const tabs = new BroadcastChannel('sluice')
let worker: Worker | undefined
let local: Connector | undefined
let stopLoading = new AbortController()
/** The last news of each kind, for tabs that are opened later. */
const lastNews = new Map<WorkerEvent['kind'], WorkerEvent>()
/** The service worker that asked for the engine, and when it last did. */
let service: ServiceWorker | undefined
let wantedAt = Number.NEGATIVE_INFINITY

/** Called when the list of models has changed. */
let onModels: () => void = () => {}

export function whenModelsChange(act: () => void): void {
  onModels = act
}

export function startEngine(): void {
  tabs.addEventListener('message', ({ data }) => handleMessage(data as TabMessage))
  navigator.serviceWorker?.addEventListener('message', ({ data, source }) => {
    if ((data as ToPage).kind !== 'engine-wanted') return
    // Not the page's controller: a page that was loaded with Shift-reload has none.
    service = source as ServiceWorker
    // The tab that ran the engine may just have been closed: then this one may take over and answer.
    wantedAt = performance.now()
    if (worker) lendEngine(worker)
  })
  // If another tab runs the engine already, it answers with its latest news.
  tabs.postMessage({ kind: 'who' } satisfies TabMessage)
  if (!navigator.locks) {
    runEngine()
    return
  }
  void navigator.locks.request('sluice-engine', () => {
    runEngine()
    // Never resolves: the lock is held until this tab is closed.
    return new Promise(() => {})
  })
}

/** Starts the engine in this tab. */
function runEngine(): void {
  worker = new Worker(ownScript(ENGINE_URL), { type: 'module' })
  worker.addEventListener('message', ({ data }: MessageEvent<WorkerEvent>) => {
    lastNews.set(data.kind, data)
    broadcast({ kind: 'news', news: data })
  })
  worker.addEventListener('error', ({ message }) => {
    const why = message || 'The engine did not start.'
    gpu.value = { state: 'missing', why, remedy: 'Reload the page.' }
  })
  const order: WorkerCommand = { kind: 'start', options: readModelsFile() }
  worker.postMessage(order)
  isEngineHere.value = true
  if (performance.now() - wantedAt < 5_000) lendEngine(worker)
  addEventListener('pagehide', () => {
    toService({ kind: 'engine-gone' })
  })
}

function portTo(engine: Worker, who: string): MessagePort {
  const { port1, port2 } = new MessageChannel()
  const order: WorkerCommand = { kind: 'connect', port: port2, who }
  engine.postMessage(order, [port2])
  return port1
}

/** A new port to the engine, which takes the place of the last one of the same `who`; only in the tab that runs it. */
export function enginePort(who: string): MessagePort | undefined {
  return worker && portTo(worker, who)
}

function lendEngine(engine: Worker): void {
  toService({ kind: 'engine' }, [portTo(engine, 'service worker')])
}

function toService(message: FromPage, ports: MessagePort[] = []): void {
  service?.postMessage(message, ports)
}

/** Sends a message to every tab, and handles it in this one. */
function broadcast(message: TabMessage): void {
  tabs.postMessage(message)
  handleMessage(message)
}

function handleMessage(message: TabMessage): void {
  if (message.kind === 'news') applyNews(message.news)
  else if (message.kind === 'load') void load(message.model)
  else if (message.kind === 'stop-loading') stopLoading.abort(new Error('stopped'))
  else if (message.kind === 'who') tellLastNews()
  else if (message.kind === 'loaded') {
    loading.value = undefined
    onModels()
  } else if (message.kind === 'load-failed') {
    loading.value = {
      model: message.model,
      done: 0,
      text: '',
      startedAt: 0,
      error: message.message,
    }
  }
}

function tellLastNews(): void {
  for (const kind of ['ready', 'failed'] as const) {
    const news = lastNews.get(kind)
    if (news) tabs.postMessage({ kind: 'news', news } satisfies TabMessage)
  }
  const progress = lastNews.get('progress')
  // A model that has been loaded is no news.
  if (progress && loading.peek() !== undefined) tabs.postMessage({ kind: 'news', news: progress })
}

function applyNews(news: WorkerEvent): void {
  if (news.kind === 'ready') {
    // First, so that whoever sees that there is a GPU sees what it can run.
    gpuModels.value = news.models
    gpu.value = { state: 'ready', name: news.gpu }
    onModels()
  } else if (news.kind === 'failed') {
    const { message, code } = news.error
    gpu.value = { state: 'missing', why: message, remedy: remedyFor(code) }
  } else {
    const { progress } = news
    const before = loading.value
    const isSame = before?.model === progress.model && !before.error
    const megabytes = /(\d{1,9}(?:\.\d{1,9})?)\s?MB/.exec(progress.text)?.[1]
    loading.value = {
      ...progress,
      startedAt: isSame ? before.startedAt : performance.now(),
      ...(megabytes !== undefined && { megabytes: Number(megabytes) }),
    }
    if (progress.done >= 1) {
      loading.value = undefined
      onModels()
    }
  }
}

/** Loads a model in the tab that runs the engine. */
export function loadModel(model: string): void {
  loading.value = { model, done: 0, text: 'starting', startedAt: performance.now() }
  // It answers this page's requests for the model, and those of its own scripts.
  void startServiceWorker().then(onModels)
  if (worker) void load(model)
  else tabs.postMessage({ kind: 'load', model } satisfies TabMessage)
}

export function cancelLoading(): void {
  loading.value = undefined
  broadcast({ kind: 'stop-loading' })
}

/** Only loads models; whoever asks them does so through the service worker. */
async function connectorTo(engine: Worker): Promise<Connector> {
  const { Connector } = await import('../src/engines/remote/connector.ts')
  local ??= new Connector({
    label: 'webllm',
    connect: async () => portTo(engine, 'page') as unknown as Port,
  })
  return local
}

async function load(model: string): Promise<void> {
  if (worker === undefined) return
  stopLoading = new AbortController()
  const { signal } = stopLoading
  try {
    await (await connectorTo(worker)).load(model, signal)
    broadcast({ kind: 'loaded', model })
  } catch (error) {
    if (signal.aborted) return
    broadcast({ kind: 'load-failed', model, message: (error as Error).message })
  }
}

/** What the user can do, by the error's code. */
function remedyFor(code: string | null): string {
  if (code === 'webgpu_missing') {
    return isSecureContext
      ? 'Use a current Chrome, Edge or Safari, or Firefox on Windows or macOS. Some browsers need a flag: chrome://flags/#enable-unsafe-webgpu.'
      : 'Open this page as http://localhost:… on the machine that serves it, and on a phone or another device by an address that begins with https: browsers allow WebGPU only on such pages. The documentation has ways to serve one at home, under “HTTPS, for use from other devices”.'
  }
  if (code === 'adapter_missing') {
    return 'Turn on hardware acceleration in the browser’s settings. On Linux, Chrome may need chrome://flags/#enable-unsafe-webgpu and #enable-vulkan.'
  }
  if (code === 'models_invalid') return 'Correct the list of your own models, or remove it.'
  return 'Use the models of a server.'
}
