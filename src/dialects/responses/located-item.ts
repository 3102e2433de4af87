import type { ResponseItem } from '../../wire/responses/request.ts'

/** An item and its path in the request, such as `input[2]`. */
export interface LocatedItem {
  item: ResponseItem
  at: string
}
