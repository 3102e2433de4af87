import type { Schema } from './schema.ts'

/** A body of one content type. */
export interface Media {
  schema?: Schema
  example?: unknown
  /** OpenAPI 3.1 has no word for the events of a stream. */
  'x-events'?: { event?: string; data: Schema; description: string }[]
}
