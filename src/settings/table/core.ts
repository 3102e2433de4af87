import { access } from './access.ts'
import { asking } from './asking.ts'
import { builtIn } from './built-in.ts'
import { docsUrl } from './docs-url.ts'
import { logging } from './logging.ts'
import { requestLimits } from './request-limits.ts'

/** What every handler reads; a part of it may have more. */
export const coreSettings = {
  ...access,
  ...asking,
  ...builtIn,
  ...requestLimits,
  ...logging,
  ...docsUrl,
}
