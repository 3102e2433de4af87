import type { ResponseItem } from '../../wire/responses/request.ts'

/** An item, and where a client finds it: `input[2]`. */
export interface LocatedItem {
  item: ResponseItem
  at: string
}
