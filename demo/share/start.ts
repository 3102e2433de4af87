import { isServerAdmin, key } from '../api.ts'
import { gpuModels } from '../engine.ts'
import { deviceOf, type Pick, picksOf } from '../start/picks.ts'
import { models } from '../state.ts'
import { choice, choose, offerKey } from './choice.ts'
import { offerModel } from './models.tsx'
import { isOnDevice } from './on-device.ts'
import { pairSelf } from './pairing.ts'
import { isPhone } from './wake-lock.ts'

/** Gigabytes; only some browsers say. */
const { deviceMemory } = navigator as { deviceMemory?: number }

/** The model to download first, where this device has none. */
export function suggestedModel(): Pick | undefined {
  const local = (models.value ?? []).filter(({ owned_by }) => owned_by === 'web-llm')
  const picks = picksOf(local, deviceMemory)
  const own = deviceOf(isPhone(), deviceMemory)
  return picks.find(({ device }) => device === own) ?? picks[0]
}

/** The models that can be offered without a download. */
export function modelsHere(): string[] {
  return gpuModels.value.map(({ id }) => id).filter(isOnDevice)
}

/** Begins to share. Rejects with what the server says where an admin's page could not pair itself. */
export async function shareNow(): Promise<void> {
  const here = modelsHere()
  const chosen = choice.value.models.filter((id) => here.includes(id))
  // An admin's key may ask, and one that asks may not offer.
  if (isServerAdmin.value && key.value !== '' && offerKey.value === '') await pairSelf()
  if (chosen.length === 0 && here.length > 0) choose({ models: here })
  choose({ on: true, paused: false })
  if (here.length > 0) return
  const suggested = suggestedModel()
  if (suggested) offerModel(suggested.model.id)
}
