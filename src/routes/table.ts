/**
 * All parts, and every route, in the order in which they are tried. The router, `Allow`, preflight answers
 * and OpenAPI derive from it; what OpenAPI says of each route in words is in scripts/openapi/operations.ts, so
 * that no server carries it.
 */
import { activity } from './parts/activity.ts'
import { affinity } from './parts/affinity.ts'
import { balancing } from './parts/balancing.ts'
import { builtIn } from './parts/built-in.ts'
import { captures } from './parts/captures.ts'
import { chat } from './parts/chat.ts'
import { completions } from './parts/completions.ts'
import { discovery } from './parts/discovery.ts'
import { embeddings } from './parts/embeddings.ts'
import { errorLinks } from './parts/error-links.ts'
import { health } from './parts/health.ts'
import { largeBodies } from './parts/large-bodies.ts'
import { messages } from './parts/messages.ts'
import { metrics } from './parts/metrics.ts'
import { modelDetails } from './parts/model-details.ts'
import { models } from './parts/models.ts'
import { ollama } from './parts/ollama.ts'
import { pages } from './parts/pages.ts'
import type { HandlerPart } from './parts/part.ts'
import { passThrough } from './parts/pass-through.ts'
import { responses } from './parts/responses.ts'
import { streams } from './parts/streams.ts'
import { systemMessages } from './parts/system-messages.ts'
import { tabs } from './parts/tabs.ts'
import { thinking } from './parts/thinking.ts'
import { traces } from './parts/traces.ts'
import { usage } from './parts/usage.ts'

export const allParts: readonly HandlerPart[] = [
  chat,
  completions,
  messages,
  responses,
  embeddings,
  models,
  ollama,
  health,
  pages,
  passThrough,
  activity,
  metrics,
  captures,
  usage,
  streams,
  tabs,
  traces,
  discovery,
  largeBodies,
  affinity,
  balancing,
  builtIn,
  modelDetails,
  thinking,
  systemMessages,
  errorLinks,
]

export const table = {
  ...chat.routes,
  ...completions.routes,
  ...messages.routes,
  ...responses.routes,
  ...embeddings.routes,
  ...models.routes,
  ...ollama.routes,
  ...health.routes,
  ...pages.routes,
  ...passThrough.routes,
  ...activity.routes,
  ...metrics.routes,
  ...captures.routes,
  ...usage.routes,
  ...streams.routes,
  ...tabs.routes,
}

/** What generated clients call a route, and the name of the function that answers it. */
export type OperationId = keyof typeof table
