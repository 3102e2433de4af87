import { docsUrl as settings } from '../../settings/table/of-parts.ts'
import { docLinks } from '../doc-links.ts'
import type { HandlerPart } from './part.ts'

/** The field `doc_url` of errors, which leads to what their codes mean. */
export const errorLinks = { name: 'errorLinks', settings, docLinks } satisfies HandlerPart
