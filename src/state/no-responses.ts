import type { ResponseStore } from './response-store.ts'

/** Stores nothing: for a handler that has no API with stored responses. */
export const noResponses: ResponseStore = {
  async put() {},
  async update() {},
  async get() {
    return undefined
  },
  async delete() {
    return false
  },
  async item() {
    return undefined
  },
}
