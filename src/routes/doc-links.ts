/** Where a client finds what an error code means. */
import { withoutTrailing } from '../util/without-trailing.ts'
import type { DocLink } from '../wire/errors/api-error.ts'
import { isOwnCode } from '../wire/errors/own-codes.ts'

/** What the addresses are made of. */
export interface DocLinks {
  /** The setting: the address of a documentation site. */
  docsUrl: string | undefined
  /** Whether `GET /docs/errors/CODE` of this server explains its errors. */
  explainsErrors: boolean
  basePath: string
}

/**
 * Error codes are explained on a documentation site, or by this server, where it has those pages, at the address
 * that was asked; not where its host was refused: the address would lead to whoever has that name, and this
 * server would refuse it again.
 */
export function docLinks({ docsUrl = '', explainsErrors, basePath }: DocLinks) {
  const site = withoutTrailing('/', docsUrl)
  return (origin = ''): DocLink => {
    return (code) => {
      if (!isOwnCode(code)) return undefined
      if (site !== '') return `${site}/errors#${code}`
      return code === 'host_not_allowed' || !explainsErrors
        ? undefined
        : `${origin}${basePath}/docs/errors/${code}`
    }
  }
}
