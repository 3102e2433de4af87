/** What the document says of one route. */
import type { Schema } from './schema.ts'

export interface Parameter {
  name: string
  in: 'path' | 'query' | 'header'
  description: string
  required?: boolean
  example?: string
  schema: Schema
}

/** One kind of event of a stream. */
export interface StreamedEvent {
  /** The field `event`, where events have one. */
  event?: string
  /** A component's name, or the text itself. */
  data: { component: string } | { text: string }
  description: string
}

export interface Answer {
  status: number
  description: string
  /** A component's name for `application/json`, or several. */
  json?: string | string[]
  /** The events of a `text/event-stream`, in their order. */
  events?: StreamedEvent[]
  /** Another content type, of which no more is said. */
  type?: string
}

export interface Operation {
  method: 'get' | 'post' | 'delete'
  /** With `{name}` for each parameter. */
  path: string
  /** Unique; what generated clients call it. */
  id: string
  tag: string
  summary: string
  description?: string
  parameters?: Parameter[]
  /** The component that the body is checked by, and one that passes. */
  body?: { component: string; example: Record<string, unknown> }
  answers: Answer[]
  /** The statuses of refusals; what each means is said once, in `errors.ts`. */
  errors: number[]
  /** Their component; `Error` by default. */
  errorShape?: string
  /** Needs no key even where the server has keys. */
  isOpen?: boolean
}
