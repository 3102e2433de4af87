/** What there is to chat with: the models that the server says are ready, and the built-in one. */
import { computed, effect } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { feed } from '../activity/feed.ts'
import { checkKey, hasServer, isChecked, isServerAdmin, served } from '../api.ts'
import { column } from '../columns.ts'
import { send } from '../send.ts'
import { chosenModel, isStreaming, models, refreshModels, startConversation } from '../state.ts'
import { openView } from '../views.ts'

/** Milliseconds after which the server is asked again. */
const EVERY = 10_000

export const STATIC = 'static'

/** The models of servers that could answer now, those that are loaded first. */
export const ready = computed(() => {
  const all = (served.value ?? []).filter(({ id, ready }) => ready && id !== STATIC)
  return all.sort((a, b) => Number(b.loaded ?? false) - Number(a.loaded ?? false))
})

/** The one to chat with first: the chosen one, or else one that is not for embeddings. */
export const best = computed(() => {
  const ids = ready.value.map(({ id }) => id)
  if (ids.includes(chosenModel.value)) return chosenModel.value
  return ids.find((id) => !/embed|rerank/i.test(id))
})

let hadServer = false
effect(() => {
  hadServer ||= hasServer.value
})

/** Whether a sluice was here and does not answer now. */
export const isLost = computed(
  () =>
    (isServerAdmin.value && feed.value.state === 'lost') ||
    (isChecked.value && !hasServer.value && hadServer),
)

// The list of models is asked for again when the server has others.
let lastReady = ''
effect(() => {
  const now = ready.value.map(({ id }) => id).join('\n')
  if (now === lastReady) return
  lastReady = now
  void refreshModels()
})

/** Asks the server what it has, again and again, while the calling view is shown. */
export function useFound(): void {
  useEffect(() => {
    const look = () => {
      if (!document.hidden) void checkKey()
    }
    look()
    const timer = setInterval(look, EVERY)
    document.addEventListener('visibilitychange', look)
    return () => {
      clearInterval(timer)
      document.removeEventListener('visibilitychange', look)
    }
  }, [])
}

/** Opens the chat with a model. */
export async function chatWith(model: string): Promise<void> {
  chosenModel.value = model
  column.value = 'chat'
  openView('chat')
  if (!models.peek()?.some(({ id }) => id === model)) await refreshModels()
}

/** Sends a first message to the built-in model, whose answer streams word by word. */
export async function tryStream(): Promise<void> {
  await chatWith(STATIC)
  if (isStreaming.peek()) return
  startConversation()
  await send('Hello!')
}

/** Opens the list of all models. */
export function showModels(): void {
  column.value = 'models'
}
