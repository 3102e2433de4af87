/** What the tab that runs the engine does for others, as every tab of this browser shows it. */
import { signal } from '@preact/signals'
import type { LinkRequest, LinkStatus } from '../../src/tabs/link-options.ts'
import type { TabModel } from '../../src/tabs/protocol.ts'

/** A request that is being answered. */
export interface Serving extends LinkRequest {
  tokens: number
}

export interface Shared {
  link: LinkStatus | { kind: 'off' }
  /** When it tries again, where the link is lost: by `Date.now()`, which all tabs share. */
  againAt: number
  /** The models that are offered now. */
  models: readonly TabModel[]
  serving: readonly Serving[]
  /** Since the page was loaded. */
  requests: number
  tokens: number
  /** Of the last answers; 0 before the first one. */
  tokensPerSecond: number
}

const NOT_SHARED: Shared = {
  link: { kind: 'off' },
  againAt: 0,
  models: [],
  serving: [],
  requests: 0,
  tokens: 0,
  tokensPerSecond: 0,
}

export const shared = signal<Shared>(NOT_SHARED)

type Message = { kind: 'shared'; shared: Shared } | { kind: 'who' }

const tabs = new BroadcastChannel('sluice-share')

/** Whether this tab holds the link: then it tells the others. */
let isHolder = false
let isTelling = false

/** Milliseconds between two messages to the other tabs. */
const TELL_EVERY = 200

/** Shows what other tabs do. */
export function followOthers(): void {
  if (tabs.onmessage) return
  tabs.onmessage = ({ data }: MessageEvent<Message>) => {
    if (data.kind === 'who') {
      if (isHolder) tell()
    } else if (!isHolder) shared.value = data.shared
  }
  tabs.postMessage({ kind: 'who' } satisfies Message)
}

/** Changes what is shown, in all tabs. */
export function show(change: Partial<Shared>): void {
  isHolder = true
  shared.value = { ...shared.value, ...change }
  if (isTelling) return
  isTelling = true
  setTimeout(tell, TELL_EVERY)
}

function tell(): void {
  isTelling = false
  tabs.postMessage({ kind: 'shared', shared: shared.value } satisfies Message)
}
