/** What every handler reads; a part of it may have more. */
import { access } from './access.ts'
import { asking } from './asking.ts'
import { logging } from './logging.ts'
import { requestLimits } from './request-limits.ts'

export const coreSettings = {
  ...access,
  ...asking,
  ...requestLimits,
  ...logging,
}
