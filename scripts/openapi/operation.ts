/** What the document says of a route in words; the rest is in the table of routes. */
import type { OperationId } from '../../src/routes/table.ts'
import type { TableEntry } from '../../src/routes/table-entry.ts'
import type { DescribedEvent } from '../../src/wire/validation/describe.ts'
import type { Media } from './media.ts'
import type { Schema } from './schema.ts'

export interface Parameter {
  name: string
  in: 'path' | 'query' | 'header'
  description: string
  required?: boolean
  example?: string
  schema: Schema
}

export interface OperationTexts {
  tag: string
  summary: string
  description?: string
  parameters?: Parameter[]
  /** A body that passes, for a route that takes one. */
  example?: Record<string, unknown>
  /** The body by its content type, for a route whose body no schema of sluice describes. */
  requestBody?: Record<string, Media> | undefined
  /** What the answer with status 200 is. */
  answerText: string
  /** The events of the answer where it is a stream, in their order. */
  events?: DescribedEvent[]
  /** The content type of that stream; an event stream's by default. */
  streamType?: string
  /** The statuses of errors; `errors.ts` says what each means. */
  errors: number[]
  /** Their component; `Error` by default. */
  errorShape?: string
}

export interface Operation extends OperationTexts, Omit<TableEntry, 'module'> {
  id: OperationId
}
