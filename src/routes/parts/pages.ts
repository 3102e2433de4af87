import { page as pageSettings } from '../../settings/table/of-parts.ts'
import { fileResponse, withoutPage } from '../page.ts'
import { entries, get } from '../table-entry.ts'
import type { HandlerPart } from './part.ts'

const module = () => import('../pages.ts')
const errorDocs = () => import('../errors/error-docs.ts')

/** What people open in a browser: the page, the description of the API, and what errors mean. */
export const pages = {
  name: 'pages',
  settings: pageSettings,
  page: { fileResponse, withoutPage },
  routes: entries({
    home: get('open', '/', 'text/html', module),
    status: get('open', '/status', 'text/html', module),
    openapi: get('open', '/openapi.json', 'application/json', module),
    openapiPage: get('open', '/openapi.html', 'text/html', module),
    listErrors: get('open', '/docs/errors', 'text/plain', errorDocs),
    explainError: get('open', '/docs/errors/:code', 'text/plain', errorDocs),
  }),
} satisfies HandlerPart
