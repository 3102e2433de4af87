import { watchLoad } from '../../engines/pool/watch-load.ts'
import { detailing } from '../../engines/upstream/model-details.ts'
import type { HandlerPart } from './part.ts'

/** What model servers tell of their models besides their list: what is loaded, and how much context each has. */
export const modelDetails = {
  name: 'modelDetails',
  abilities: [detailing],
  watchLoad,
} satisfies HandlerPart
