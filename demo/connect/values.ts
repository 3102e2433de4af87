/** The address, the key and the model that the lines are filled with. */
import { computed, signal } from '@preact/signals'
import { hasServer, key, served, wantsKey } from '../api.ts'
import { ownAddress } from '../start/place.ts'
import { chosenModel } from '../state.ts'
import { isPlain, PLACEHOLDERS, type Values } from './fill.ts'

/** Shown in place of the key until it is asked for. */
export const MASK = '••••••••'

/** What the lines say where any word will do. */
const ANY_WORD = 'none'

/** Whether the key was asked for, and is in the page. */
export const isKeyShown = signal(false)

/** The models of the server that a client can use; the browser's own can be used by this page only. */
export const clientModels = computed(() => (served.value ?? []).map(({ id }) => id))

/** The model of the lines: the chosen one, or else one that is ready. */
export const clientModel = computed(() => {
  const all = served.value ?? []
  if (all.some(({ id }) => id === chosenModel.value)) return chosenModel.value
  return all.find(({ ready }) => ready)?.id ?? all[0]?.id ?? ''
})

/** `none`: the server has no keys. `needed`: it wants one, and this page has none. */
export const keyState = computed<'none' | 'needed' | 'in-use'>(() => {
  if (wantsKey.value) return 'needed'
  return key.value === '' ? 'none' : 'in-use'
})

/** What the lines are filled with: for those that are copied, and for those that are shown. */
export function valuesFor(use: 'copied' | 'shown'): Values {
  const model = clientModel.value
  return {
    url: hasServer.value ? ownAddress() : PLACEHOLDERS.url,
    key: keyFor(use),
    model: isPlain(model) ? model : PLACEHOLDERS.model,
  }
}

function keyFor(use: 'copied' | 'shown'): string {
  if (keyState.value === 'none') return ANY_WORD
  if (keyState.value === 'needed' || !isPlain(key.value)) return PLACEHOLDERS.key
  return use === 'copied' || isKeyShown.value ? key.value : MASK
}
