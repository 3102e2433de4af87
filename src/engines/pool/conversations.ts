import type { Exchange } from '../../stream/exchange.ts'
import { Heap } from '../../util/heap.ts'
import type { PoolMember } from './member.ts'

/**
 * What is remembered: for how long without a request, and how many at most. An entry takes about 200
 * bytes. Servers keep a prompt in their cache until others need the room, and people come back to a
 * conversation after a pause.
 */
const MEMORY = { milliseconds: 60 * 60_000, conversations: 4_096 }

/** Milliseconds after its last request for which a conversation counts as one that will go on. */
const ACTIVE = 10 * 60_000

/**
 * UTF-16 units of a prompt that an engine processes in a millisecond, taken for 1,000 tokens in a second: what
 * graphics cards for consumers do with models of 8 to 30 billion parameters.
 */
const UNITS_PER_MS = 4

/**
 * Milliseconds that a request may wait for the engine of its conversation: no longer than another one
 * would take to process the whole prompt, and no longer than the setting says.
 */
export function waitFor({ conversation }: Pick<Exchange, 'conversation'>, most: number): number {
  return most === 0 ? 0 : Math.min(most, (conversation?.length() ?? 0) / UNITS_PER_MS)
}

/** How a conversation came to the engine that answered it: `moved` from another one, or `kept`. */
export type Affinity = 'new' | 'kept' | 'moved'

/** A conversation, as one caller has it. */
export interface Conversation {
  readonly id: string
  readonly caller: string
  /** The engine that answered it last, and so has it in its prompt cache. */
  member: PoolMember | undefined
  /** Its requests that have a slot now: with one in progress, another is no next turn of it. */
  running: number
  /** When its last request came, by `performance.now()`. */
  usedAt: number
}

/** What one caller has. */
interface Owner {
  name: string
  /** The one used last is last. */
  conversations: Set<Conversation>
  /** Numbers all uses: the caller who came least recently has the lowest one. */
  lastUse: number
}

/**
 * The engine that answered each conversation last. In the memory of one process, because it says where
 * the cache really is: a hash of the conversation, which needs no memory, would not know of failures and
 * of full queues, and puts two of two conversations on the same of two engines half of the time.
 */
export class Conversations {
  /** By id; the one used last is last. */
  readonly #known = new Map<string, Conversation>()
  /** Those with an engine that are active, in the same order: each is counted at its engine. */
  readonly #active = new Set<Conversation>()
  readonly #owners = new Map<string, Owner>()
  /** The caller with the most comes first; of equal ones the one who came least recently. */
  readonly #byCount = new Heap<Owner>((a, b) =>
    a.conversations.size === b.conversations.size
      ? a.lastUse < b.lastUse
      : a.conversations.size > b.conversations.size,
  )
  #uses = 0

  readonly waitFor = waitFor

  get size(): number {
    return this.#known.size
  }

  /**
   * The conversation that a request continues; undefined while another request of it is in progress,
   * since this one is no next turn of it then.
   */
  of(
    { conversation: hint, caller }: Pick<Exchange, 'conversation' | 'caller'>,
    model: string | null | undefined,
    now: number,
  ): Conversation | undefined {
    const key = hint?.key(model)
    const conversation = key === undefined ? undefined : this.find(key, caller, now)
    return conversation?.running === 0 ? conversation : undefined
  }

  /**
   * The conversation with this key, a new one where none is known. Those of two callers are never the
   * same, so that neither shows where the other's is. `key`: without spaces.
   */
  find(key: string, caller: string, now: number): Conversation {
    this.#forgetOld(now)
    const id = `${key} ${caller}`
    const known = this.#known.get(id)
    const conversation = known ?? { id, caller, member: undefined, running: 0, usedAt: now }
    if (known !== undefined) this.#known.delete(id)
    else if (this.#known.size >= MEMORY.conversations) this.#makeRoom()
    conversation.usedAt = now
    this.#known.set(id, conversation)
    this.#use(conversation)
    this.#uncount(conversation)
    if (conversation.member !== undefined) this.#count(conversation, conversation.member)
    return conversation
  }

  /** An engine has begun to answer the conversation, which stays there from now on. */
  remember(conversation: Conversation, member: PoolMember): Affinity {
    const former = conversation.member
    if (former === member) return 'kept'
    // One that was forgotten meanwhile must not be counted: nothing would ever count it back.
    if (this.#known.get(conversation.id) === conversation) {
      this.#uncount(conversation)
      this.#count(conversation, member)
      conversation.member = member
    }
    return former === undefined ? 'new' : 'moved'
  }

  #count(conversation: Conversation, member: PoolMember): void {
    this.#active.add(conversation)
    member.conversations++
  }

  #uncount(conversation: Conversation): void {
    const { member } = conversation
    if (this.#active.delete(conversation) && member !== undefined) member.conversations--
  }

  #forgetOld(now: number): void {
    for (const conversation of this.#active) {
      if (now - conversation.usedAt < ACTIVE) break
      this.#uncount(conversation)
    }
    for (const conversation of this.#known.values()) {
      if (now - conversation.usedAt < MEMORY.milliseconds) return
      this.#forget(conversation)
    }
  }

  /** Forgets the oldest of the caller with the most: one caller cannot make all others' be forgotten. */
  #makeRoom(): void {
    for (const conversation of this.#byCount.first?.conversations ?? []) {
      this.#forget(conversation)
      return
    }
  }

  /** Marks a conversation as the one that its caller used last. */
  #use(conversation: Conversation): void {
    const { caller } = conversation
    let owner = this.#owners.get(caller)
    if (owner === undefined) {
      owner = { name: caller, conversations: new Set(), lastUse: 0 }
      this.#owners.set(caller, owner)
    }
    owner.conversations.delete(conversation)
    owner.conversations.add(conversation)
    owner.lastUse = ++this.#uses
    this.#byCount.place(owner)
  }

  #forget(conversation: Conversation): void {
    const { id, caller } = conversation
    this.#known.delete(id)
    this.#uncount(conversation)
    const owner = this.#owners.get(caller)
    if (owner === undefined) return
    owner.conversations.delete(conversation)
    if (owner.conversations.size > 0) this.#byCount.place(owner)
    else {
      this.#owners.delete(caller)
      this.#byCount.delete(owner)
    }
  }
}
