/** The page's state. The user's choices and conversations are stored in the browser. */
import { batch, computed, signal } from '@preact/signals'
import type { Finding } from '../src/check/rules/rule.ts'
import type { RuleName } from '../src/check/rules/rules.ts'
import { type Frame, listModels, type Message, type Model } from './api.ts'
import { type Cached, cachedParts, storageUsed } from './cache.ts'
import { gpuModels, whenModelsChange } from './engine.ts'
import { mergeConversations } from './merge-conversations.ts'
import { persisted } from './persisted-signal.ts'

/** A message as the page shows it. */
export interface Said extends Message {
  /** The images that are sent with it, by their names in the store of images. */
  images?: string[]
  /** The model's reasoning, where it is sent apart from the answer. */
  reasoning?: string
  /** Milliseconds from the first of the reasoning to the last. */
  thought?: number
  /** The functions that the model asks to be called. */
  calls?: Call[]
  /** The call whose result this is. */
  callId?: string
  outcome?: 'finished' | 'failed' | 'cancelled'
  error?: string
  /** The code of the error, and a page that says more of it. */
  code?: string
  help?: string
  stats?: Stats
}

export interface Call {
  id: string
  name: string
  /** JSON, as far as it has come. */
  arguments: string
}

export interface Stats {
  /** Milliseconds to the first token. */
  first: number
  tokens: number
  /** Tokens a second after the first. */
  rate: number
}

export interface Conversation {
  id: string
  messages: Said[]
}

export interface Options {
  system: string
  temperature: string
  top_p: string
  max_tokens: string
  /** Missing where an earlier version of the page stored the options. */
  reasoning_effort?: string
  /** The tools that the model may ask for, as JSON. */
  tools?: string
}

/** The events of the last answer. */
export interface Wire {
  frames: Frame[]
  /** When each token arrived, in milliseconds since the request. */
  tokens: number[]
  /** The rules that the stream breaks; undefined until it has ended. */
  findings?: Finding<RuleName>[]
}

export const models = signal<Model[] | undefined>(undefined)
export const cached = signal<ReadonlyMap<string, Cached>>(new Map())
export const storage = signal<{ used: number; quota: number } | undefined>(undefined)
export const wire = signal<Wire>({ frames: [], tokens: [] })
/** The conversation that is being answered; empty if none is. */
export const answering = signal('')
export const isStreaming = computed(() => answering.value !== '')
/** Whether the connection of that answer is lost, and it is being resumed. */
export const isConnectionLost = signal(false)
/** The progress that the server or the engine reports before the first token. */
export const note = signal('')

export const chosenModel = persisted('sluice.model', '')
export const conversations = persisted<Conversation[]>(
  'sluice.conversations',
  [newConversation()],
  1_000,
  mergeConversations,
)
export const currentId = persisted('sluice.current', '')
export const NO_OPTIONS: Options = {
  system: '',
  temperature: '',
  top_p: '',
  max_tokens: '',
  reasoning_effort: '',
  tools: '',
}
export const options = persisted('sluice.options', NO_OPTIONS)

/** The model for the next request: the chosen one, or else the first that needs no loading. */
export const model = computed(() => {
  const all = models.value ?? []
  const ids = all.map(({ id }) => id)
  if (ids.includes(chosenModel.value)) return chosenModel.value
  return all.find(({ loaded }) => loaded !== false)?.id ?? ''
})

export const current = computed<Conversation>(() => {
  const all = conversations.value
  return all.find(({ id }) => id === currentId.value) ?? (all[0] as Conversation)
})

function newConversation(): Conversation {
  return { id: `${Date.now()}-${Math.random()}`, messages: [] }
}

/** Changes the messages of a conversation: by default the current one. */
export function setMessages(change: (messages: Said[]) => Said[], id = current.value.id): void {
  conversations.value = conversations.value.map((each) =>
    each.id === id ? { ...each, messages: change(each.messages) } : each,
  )
}

export function startConversation(): void {
  const empty = conversations.value.find(({ messages }) => messages.length === 0)
  const fresh = empty ?? newConversation()
  if (!empty) conversations.value = [fresh, ...conversations.value]
  currentId.value = fresh.id
}

/** A conversation that is begun is this tab's own: another tab may show the same empty one, and begin it too. */
export function beginConversation(): void {
  const { id, messages } = current.value
  if (messages.length > 0) return
  const begun = newConversation()
  batch(() => {
    conversations.value = conversations.value.map((each) => (each.id === id ? begun : each))
    currentId.value = begun.id
  })
}

export function deleteConversation(id: string): void {
  const rest = conversations.value.filter((each) => each.id !== id)
  conversations.value = rest.length > 0 ? rest : [newConversation()]
  stayHere()
}

/** Another tab lists first what it begins: this one stays with the conversation that it shows. */
function stayHere(): void {
  if (currentId.value !== current.value.id) currentId.value = current.value.id
}

export async function refreshModels(): Promise<void> {
  try {
    const listed = await listModels()
    // The service worker lists both; without it the server lists only its own.
    const others = gpuModels.value.filter(({ id }) => listed.every((each) => each.id !== id))
    models.value = [...listed, ...others]
  } catch {
    models.value ??= [...gpuModels.value]
  }
  await refreshStorage()
}

export async function refreshStorage(): Promise<void> {
  storage.value = await storageUsed()
  const found = new Map<string, Cached>()
  // A server may list the same models of other browsers, of which it does not know where their weights are.
  for (const each of [...gpuModels.value, ...(models.value ?? [])]) {
    const parts = await cachedParts(each)
    if (parts && !found.has(each.id)) found.set(each.id, parts)
  }
  cached.value = found
}

stayHere()

whenModelsChange(() => {
  // Before the first list the page does not know yet who lists them.
  if (models.value !== undefined) void refreshModels()
})
