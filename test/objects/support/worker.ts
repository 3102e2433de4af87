// A worker that lets tests call the stores in Durable Objects, in stores of their own, and lets time pass.

import type { RunChange, RunState } from '../../../src/state/run-log.ts'
import { answerCall, callObject, type Methods } from '../../../worker/objects/call.ts'
import { KeyLimits } from '../../../worker/objects/key-limits.ts'
import { objectLimits } from '../../../worker/objects/object-limits.ts'
import type { ObjectNamespace, ObjectState } from '../../../worker/objects/platform.ts'
import { SqlRunLog } from '../../../worker/objects/sql-run-log.ts'
import { objectResponseStore, StoredResponses } from '../../../worker/objects/stored-responses.ts'

/** Milliseconds that tests have let pass. All objects and requests of one workerd share this module. */
let passed = 0

const now = () => Date.now() + passed

export class ShiftedLimits extends KeyLimits {
  constructor(state: ObjectState) {
    super(state, {}, now)
  }
}

let began: number | undefined

/** Time that passes only when a test says so. */
function still(): number {
  began ??= Date.now()
  return began + passed
}

/** The log of one run, by the names of its methods. */
export class TestLog {
  readonly #log: SqlRunLog
  /** What its watchers were told. */
  readonly #changes: RunChange[] = []

  constructor(state: ObjectState) {
    this.#log = new SqlRunLog(state, { now: still })
    this.#log.watch({ owner: '', id: '' }, (change) => this.#changes.push(change))
  }

  fetch(request: Request): Promise<Response> {
    const log = this.#log
    return answerCall(request, {
      open: log.open.bind(log),
      // JSON has null for what is undefined.
      append: (run, epoch, first, frames, end?: RunState | null, isBeginning?: boolean) =>
        log.append(run, epoch, first, frames, end ?? undefined, isBeginning),
      read: log.read.bind(log),
      stop: log.stop.bind(log),
      bury: (run, last: string) => log.bury(run, (number) => last.replace('NUMBER', `${number}`)),
      delete: log.delete.bind(log),
      wake: log.wake.bind(log),
      changes: () => this.#changes,
      rows: () => log.rowsWritten,
    })
  }

  async alarm(): Promise<void> {
    await this.#log.wake()
  }
}

/** Its name ends with its limits. */
export class BoundedResponses extends StoredResponses {
  constructor(state: ObjectState) {
    const [limits = ''] = /(?<=^\d+,)[\d,]+(?=:)/.exec(state.id.name ?? '') ?? []
    const [count = 0, bytes = 0, ageMs = 0] = limits.split(',').map(Number)
    super(state, {}, { count, bytes, ageMs })
  }
}

interface Bindings {
  LIMITS: ObjectNamespace
  LOGS: ObjectNamespace
  RESPONSES: ObjectNamespace
}

/** A namespace of its own for each test. */
function below(namespace: ObjectNamespace, store: string): ObjectNamespace {
  return { getByName: (name) => namespace.getByName(`${store}:${name}`) }
}

export default {
  async fetch(request: Request, env: Bindings): Promise<Response> {
    const [, kind, store = '', name = ''] = new URL(request.url).pathname.split('/')
    const forwarded = new Request(`http://object/${name}`, request)
    if (kind === 'pass') {
      passed += Number(store)
      return new Response()
    }
    if (kind === 'limits') {
      const limits = objectLimits(below(env.LIMITS, store), 0)
      return answerCall(forwarded, { ...(limits as unknown as Methods) })
    }
    if (kind === 'responses') {
      return answerCall(forwarded, {
        ...(objectResponseStore(below(env.RESPONSES, store)) as unknown as Methods),
      })
    }
    const args = (await request.json()) as unknown[]
    return Response.json({ result: await callObject(env.LOGS, store, name, args) })
  },
}
