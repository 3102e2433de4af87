import fc from 'fast-check'
import { defineEngine } from '../../../src/engines/custom/define-engine.ts'
import { createHandler, type Handler } from '../../../src/handler.ts'
import { memoryResponseStore } from '../../../src/state/response-store.ts'
import { requireEqual, requireThat } from '../equal.ts'
import { callersOf } from '../state/client.ts'
import { target } from '../target.ts'

type Step =
  | { do: 'create'; owner: number; background: boolean; after: number | null; words: number }
  | { do: 'get' | 'items' | 'delete' | 'cancel' | 'follow'; owner: number; which: number }

const OWNERS = ['ann', 'bob', 'cat']
/** What each owner can store without losing any of it, whatever the others store. */
const SHARE = 2
const LIMITS = { count: SHARE * OWNERS.length, bytes: 1e9, ageMs: 86_400_000 }
const owner = fc.nat(OWNERS.length - 1)
const which = fc.nat(20)
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constant('create' as const),
    // One stores most of them, so that room is made for it.
    owner: fc.oneof({ weight: 4, arbitrary: fc.constant(2) }, { weight: 1, arbitrary: owner }),
    background: fc.boolean(),
    after: fc.option(which, { nil: null }),
    words: fc.nat(4),
  }),
  fc
    .tuple(fc.constantFrom('get', 'items', 'delete', 'cancel', 'follow'), owner, which)
    .map(([what, who, at]) => ({ do: what, owner: who, which: at }) as Step),
)

export const stored = target({
  name: 'stored',
  about:
    'stored responses of several owners (createHandler): each reads and deletes its own, finds it as it was, loses none below its share of the store, and learns nothing of another owner',
  short: 100,
  batch: 50,
  input: fc.array(step, { minLength: 1, maxLength: 24, size: 'max' }),
  check: checkStored,
})

interface Known {
  id: string
  owner: number
  text: string
  input: string
  isDeleted: boolean
  /** Its owner has stored more than its share, so that it may have made room. */
  mayBeGone: boolean
}

async function checkStored(steps: Step[]): Promise<void> {
  const run = new Run()
  for (const step of steps) await run.step(step)
  await run.end()
}

class Run {
  readonly #known: Known[] = []
  readonly #handler: Handler = createHandler({
    authenticate: callersOf(Object.fromEntries(OWNERS.map((name) => [name, {}]))),
    state: { responses: memoryResponseStore(LIMITS) },
    engines: [
      defineEngine({
        label: 'own',
        models: ['m'],
        chat: ({ messages }) => [`heard ${String(messages.at(-1)?.content)}`],
      }),
    ],
  })

  step(step: Step): Promise<void> {
    if (step.do === 'create') return this.#create(step)
    const known = this.#known[step.which % (this.#known.length || 1)]
    return known === undefined ? Promise.resolve() : this.#use(step.do, step.owner, known)
  }

  /** Every owner finds what it still has. */
  async end(): Promise<void> {
    for (const known of this.#known) await this.#use('get', known.owner, known)
  }

  async #create({
    owner,
    background,
    after,
    words,
  }: Extract<Step, { do: 'create' }>): Promise<void> {
    const before = after === null ? undefined : this.#known[after % (this.#known.length || 1)]
    const input = `${OWNERS[owner]} says ${this.#known.length} ${'word '.repeat(words)}`
    const response = await this.#ask(owner, 'POST', '', {
      ...{ model: 'm', input, background },
      ...(before && { previous_response_id: before.id }),
    })
    const body = (await response.json()) as { id: string }
    if (before?.owner === owner && before.mayBeGone && response.status === 400) return
    const mayContinue = before === undefined || (before.owner === owner && !before.isDeleted)
    requireEqual(response.status, mayContinue ? 200 : 400, `creating one: ${JSON.stringify(body)}`)
    if (!mayContinue) return
    this.#known.push({
      id: body.id,
      owner,
      input,
      text: `heard ${input}`,
      isDeleted: false,
      mayBeGone: false,
    })
    this.#markAboveShare(owner)
    // What runs in the background has ended then.
    for (let turn = 0; background && turn < 200; turn++) {
      if (!/"(queued|in_progress)"/.test(await this.#text(owner, body.id))) return
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    requireThat(!background, 'a response in the background has not ended')
  }

  #markAboveShare(owner: number): void {
    const own = this.#known.filter((each) => each.owner === owner && !each.isDeleted)
    if (own.length <= SHARE) return
    for (const each of own) each.mayBeGone = true
  }

  async #use(what: Exclude<Step['do'], 'create'>, owner: number, known: Known): Promise<void> {
    const { id, input } = known
    const [method, path] = {
      get: ['GET', `/${id}`],
      items: ['GET', `/${id}/input_items?order=asc`],
      delete: ['DELETE', `/${id}`],
      cancel: ['POST', `/${id}/cancel`],
      follow: ['GET', `/${id}?stream=true`],
    }[what] as [string, string]
    const response = await this.#ask(owner, method, path)
    const text = await response.text()
    if (owner !== known.owner || known.isDeleted) {
      requireEqual(response.status, 404, `${what} of what is another's or gone: ${text}`)
      requireThat(
        !text.includes(JSON.stringify(input).slice(1, -1)),
        `it tells of another: ${text}`,
      )
      return
    }
    if (known.mayBeGone && response.status === 404) {
      known.isDeleted = true
      return
    }
    if (what === 'delete') known.isDeleted = true
    const isRefused = response.status === 400 || response.status === 404
    if ((what === 'cancel' || what === 'follow') && isRefused) return
    requireEqual(response.status, 200, `${what} of one's own: ${text}`)
    const wanted = what === 'items' ? input : known.text
    if (what === 'get' || what === 'items')
      requireThat(text.includes(wanted), `without ${wanted}: ${text}`)
  }

  async #text(owner: number, id: string): Promise<string> {
    return (await this.#ask(owner, 'GET', `/${id}`)).text()
  }

  #ask(owner: number, method: string, path: string, body?: object): Promise<Response> {
    const headers = { 'content-type': 'application/json', 'x-caller': OWNERS[owner] ?? '' }
    return this.#handler.fetch(
      new Request(`http://sluice/v1/responses${path}`, {
        ...{ method, headers },
        ...(body && { body: JSON.stringify(body) }),
      }),
    )
  }
}
