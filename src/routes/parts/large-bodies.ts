import { readJsonBody } from '../../guard/body.ts'
import type { HandlerPart } from './part.ts'

/** Large requests, which are parsed and written in turns and in steps, so that streams go on meanwhile. */
export const largeBodies = {
  name: 'largeBodies',
  readJson: readJsonBody,
} satisfies HandlerPart
