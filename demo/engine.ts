/**
 * The engine of this browser: of several tabs one runs it, in a worker of its own, and the others
 * share it through the service worker. When that tab closes, another takes over.
 */
import { signal } from '@preact/signals'
import type { Port } from '../src/engines/remote/protocol.ts'
import { createRemote, type RemoteEngine } from '../src/engines/remote/remote.ts'
import type { WorkerCommand, WorkerEvent } from '../src/engines/webllm/worker.ts'
import type { FromPage, ToPage } from '../worker/messages.ts'
import { readModelsFile } from './own-models.ts'

export type Gpu =
  | { state: 'checking' }
  | { state: 'ready'; name: string }
  | { state: 'missing'; why: string; remedy: string }

/** How far the engine's owner has loaded a model. */
export interface Loading {
  model: string
  done: number
  text: string
  startedAt: number
  /** Megabytes, as far as web-llm tells. */
  megabytes?: number
  error?: string
}

export const gpu = signal<Gpu>({ state: 'checking' })
export const loading = signal<Loading | undefined>(undefined)

/** What the tabs say to each other. */
type Word =
  | { kind: 'news'; news: WorkerEvent }
  | { kind: 'load'; model: string }
  | { kind: 'stop-loading' }
  | { kind: 'load-failed'; model: string; message: string }
  | { kind: 'loaded'; model: string }
  | { kind: 'who' }

const tabs = new BroadcastChannel('sluice')
let worker: Worker | undefined
let local: RemoteEngine | undefined
let stopLoading = new AbortController()
let lastNews: WorkerEvent | undefined
/** The service worker that asked for the engine, and when it last did. */
let service: ServiceWorker | undefined
let wantedAt = Number.NEGATIVE_INFINITY

/** Called when a model came or went. */
let onModels: () => void = () => {}

export function whenModelsChange(act: () => void): void {
  onModels = act
}

export function startEngine(): void {
  tabs.addEventListener('message', ({ data }) => hear(data as Word))
  navigator.serviceWorker?.addEventListener('message', ({ data, source }) => {
    if ((data as ToPage).kind !== 'engine-wanted') return
    // Not the page's controller: a page that was loaded past the service worker has none.
    service = source as ServiceWorker
    // Whoever runs it may just have closed: the next one answers then.
    wantedAt = performance.now()
    if (worker) lendEngine(worker)
  })
  // Another tab may run it already: it says what it knows.
  tabs.postMessage({ kind: 'who' } satisfies Word)
  if (!navigator.locks) {
    own()
    return
  }
  void navigator.locks.request('sluice-engine', () => {
    own()
    return new Promise(() => {})
  })
}

/** This tab runs the engine from now on. */
function own(): void {
  worker = new Worker(new URL('../worker/engine.ts', import.meta.url), { type: 'module' })
  worker.addEventListener('message', ({ data }: MessageEvent<WorkerEvent>) => {
    lastNews = data
    say({ kind: 'news', news: data })
  })
  worker.addEventListener('error', ({ message }) => {
    const why = message || 'The engine did not start.'
    gpu.value = { state: 'missing', why, remedy: 'Reload the page.' }
  })
  const order: WorkerCommand = { kind: 'start', options: readModelsFile() }
  worker.postMessage(order)
  local = createRemote({
    label: 'webllm',
    connect: async () => portTo(worker as Worker, 'page') as unknown as Port,
  })
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

function lendEngine(engine: Worker): void {
  toService({ kind: 'engine' }, [portTo(engine, 'service worker')])
}

function toService(message: FromPage, ports: MessagePort[] = []): void {
  service?.postMessage(message, ports)
}

/** Tells every tab, this one too. */
function say(word: Word): void {
  tabs.postMessage(word)
  hear(word)
}

function hear(word: Word): void {
  if (word.kind === 'news') learn(word.news)
  else if (word.kind === 'load') void load(word.model)
  else if (word.kind === 'stop-loading') stopLoading.abort(new Error('stopped'))
  else if (word.kind === 'who' && lastNews) tabs.postMessage({ kind: 'news', news: lastNews })
  else if (word.kind === 'loaded') {
    loading.value = undefined
    onModels()
  } else if (word.kind === 'load-failed') {
    const { model, message } = word
    loading.value = { model, done: 0, text: '', startedAt: 0, error: message }
  }
}

function learn(news: WorkerEvent): void {
  if (news.kind === 'ready') {
    gpu.value = { state: 'ready', name: news.gpu }
    onModels()
  } else if (news.kind === 'failed') {
    const { message, code } = news.error
    gpu.value = { state: 'missing', why: message, remedy: remedyFor(code) }
  } else {
    const { progress } = news
    const before = loading.value
    const isSame = before?.model === progress.model && !before.error
    const megabytes = /([\d.]+)\s?MB/.exec(progress.text)?.[1]
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

/** Loads a model, in whichever tab runs the engine. */
export function loadModel(model: string): void {
  loading.value = { model, done: 0, text: 'starting', startedAt: performance.now() }
  if (local) void load(model)
  else tabs.postMessage({ kind: 'load', model } satisfies Word)
}

export function cancelLoading(): void {
  loading.value = undefined
  say({ kind: 'stop-loading' })
}

async function load(model: string): Promise<void> {
  if (local === undefined) return
  stopLoading = new AbortController()
  const { signal } = stopLoading
  try {
    await local.load(model, signal)
    say({ kind: 'loaded', model })
  } catch (error) {
    if (!signal.aborted) say({ kind: 'load-failed', model, message: (error as Error).message })
  }
}

/** What a person can do about it, by the error's code. */
function remedyFor(code: string | null): string {
  if (code === 'webgpu_missing') {
    return isSecureContext
      ? 'Use a current Chrome, Edge or Safari, or Firefox on Windows or macOS. Some browsers have it behind a flag: chrome://flags/#enable-unsafe-webgpu.'
      : 'Open this page as http://localhost:…, or serve it with TLS: browsers give WebGPU only to such pages.'
  }
  if (code === 'adapter_missing') {
    return 'Check that hardware acceleration is on in the browser’s settings and that the graphics driver is installed. On Linux, Chrome may need chrome://flags/#enable-unsafe-webgpu and #enable-vulkan.'
  }
  if (code === 'models_invalid') return 'Repair the list of your own models, or remove it.'
  return 'Models of a server still work.'
}
