/** Which models need no download here. */
import { cached, models } from '../state.ts'
import { shared } from './shared.ts'

export function isLoaded(id: string): boolean {
  const isOwn = (owner: string) => owner === 'web-llm'
  return (
    shared.value.models.some((each) => each.id === id && each.state === 'loaded') ||
    (models.value ?? []).some((each) => each.id === id && isOwn(each.owned_by) && each.loaded)
  )
}

export function isOnDevice(id: string): boolean {
  return isLoaded(id) || (cached.value.get(id)?.isWhole ?? false)
}
