import type { EngineStatus } from '../../engines/registry/catalog.ts'
import { createHostedHandler, type Handler } from '../../handler.ts'
import type { HandlerHost } from '../../options.ts'
import { memoryResponses } from '../../routes/responses/background.ts'
import { parseSettings, type Settings, type SettingsInput } from '../../settings/settings.ts'
import { memoryLimits } from '../../state/limit-store.ts'

/** Longer than any stream: the milliseconds a handler has that gets no new requests any more. */
const FOR_EVER = 2 ** 31

/** A handler whose settings can be replaced: who began by the former ones ends by them. */
export class ReloadableHandler {
  /** Those in force. */
  settings: Settings
  readonly #host: HandlerHost
  readonly #former = new Set<Handler>()
  #current: Handler

  constructor(settings: Settings, host: HandlerHost) {
    // What a key has used, what was answered, found and learned is not forgotten with the settings.
    const shared = {
      limits: memoryLimits(),
      responses: memoryResponses(),
      seen: new Map(),
      finishes: new Map(),
    }
    this.#host = { ...shared, ...host }
    this.settings = settings
    this.#current = createHostedHandler(settings, this.#host)
  }

  readonly fetch = (request: Request): Promise<Response> => this.#current.fetch(request)

  refresh(): Promise<EngineStatus[]> {
    return this.#current.refresh()
  }

  /** Throws a `SettingsError`, and then changes nothing. */
  replace(input: SettingsInput): void {
    const settings = parseSettings(input)
    const next = createHostedHandler(settings, this.#host)
    const former = this.#current
    this.#former.add(former)
    void former.drain(FOR_EVER).then(() => this.#former.delete(former))
    this.#current = next
    this.settings = settings
  }

  async drain(graceMs: number): Promise<void> {
    const all = [this.#current, ...this.#former]
    await Promise.all(all.map((handler) => handler.drain(graceMs)))
  }
}
