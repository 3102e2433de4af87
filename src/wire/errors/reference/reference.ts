/** What every error code of sluice means. Only what shows these texts loads this file. */
import type { OwnCode } from '../own-codes.ts'
import { accessErrors } from './access.ts'
import { engineErrors } from './engines.ts'
import type { ErrorReference } from './entry.ts'
import { modelErrors } from './models.ts'
import { requestErrors } from './requests.ts'
import { serverErrors } from './server.ts'
import { streamErrors } from './streams.ts'
import { tabErrors } from './tabs.ts'
import { upstreamErrors } from './upstreams.ts'

/** By title, in the order in which the documentation shows them. */
export const errorGroups = {
  'The request': requestErrors,
  'Keys and access': accessErrors,
  Models: modelErrors,
  'Model servers': upstreamErrors,
  Engines: engineErrors,
  'Streams and stored responses': streamErrors,
  'Browser tabs': tabErrors,
  'The server': serverErrors,
} satisfies Record<string, Readonly<Record<string, ErrorReference>>>

/** The type demands an entry for every code. */
export const errorReference: Readonly<Record<OwnCode, ErrorReference>> = {
  ...requestErrors,
  ...accessErrors,
  ...modelErrors,
  ...upstreamErrors,
  ...engineErrors,
  ...streamErrors,
  ...tabErrors,
  ...serverErrors,
}
