/** The paths of APIs that sluice forwards without reading more of them than it needs. */

/** By these a setting says who answers a request that names no model. */
export const passThroughPaths = [
  '/v1/rerank',
  '/v1/score',
  '/tokenize',
  '/detokenize',
  '/apply-template',
  '/infill',
  '/v1/audio/transcriptions',
  '/v1/audio/translations',
  '/v1/audio/speech',
  '/v1/images/generations',
  '/v1/moderations',
  '/props',
  '/slots',
] as const

export type PassThroughPath = (typeof passThroughPaths)[number]

/** In that setting: every path that has no entry of its own. */
export const EVERY_PATH = '*'
