/**
 * What programs build on: a handler that serves the OpenAI and Anthropic APIs from servers and
 * engines of one's own.
 */

export { defineEngine } from './engines/custom/define-engine.ts'
export type { EngineStatus } from './engines/registry/catalog.ts'
export { createHandler, type Handler } from './handler.ts'
