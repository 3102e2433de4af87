/** The message that is being written. */
import { signal } from '@preact/signals'
import { isStreaming, model } from '../state.ts'
import { MOST_IMAGES, type Picture, pictureOf } from './images.ts'

export const draft = signal('')
export const pictures = signal<readonly Picture[]>([])
/** Why a file is not attached. */
export const problems = signal<readonly string[]>([])

export async function attach(files: readonly File[]): Promise<void> {
  const found: string[] = []
  problems.value = found
  for (const file of files) {
    if (pictures.value.length >= MOST_IMAGES) {
      found.push(`A message may have ${MOST_IMAGES} images. Send these first, or remove some.`)
      break
    }
    try {
      const picture = await pictureOf(file)
      pictures.value = [...pictures.value, picture]
    } catch (error) {
      found.push((error as Error).message)
    }
  }
  problems.value = [...found]
}

export function detach(id: string): void {
  pictures.value = pictures.value.filter((each) => each.id !== id)
  problems.value = []
}

export function canSend(): boolean {
  const isEmpty = draft.value.trim() === '' && pictures.value.length === 0
  return !isEmpty && !isStreaming.value && model.value !== ''
}

/** What was written, which is no longer a draft. */
export function takeDraft(): { text: string; images: readonly Picture[] } {
  const taken = { text: draft.value.trim(), images: pictures.value }
  draft.value = ''
  pictures.value = []
  problems.value = []
  return taken
}
