/** Which instances share a store. Each says again and again that it lives; the store's clock decides who does. */
import { inBackground } from '../../util/background.ts'
import { redisName } from './names.ts'
import type { RedisPort, RedisScript } from './port.ts'

/** Milliseconds between two signs of life. */
const BEAT = 5_000
/** Milliseconds after which an instance without a sign of life is not counted any more. */
const LIFE = 16_000

const NAME = redisName('inst', 'all')

/** KEYS: the instances by the time until which they live. ARGV: an id, its life (0 to leave), the channel. */
const BEAT_SCRIPT: RedisScript = {
  name: 'instances',
  text: `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local life = tonumber(ARGV[2])
local changed = redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
-- The clock was set back: those that live say so at once when they are told of the change.
changed = changed + redis.call('ZREMRANGEBYSCORE', KEYS[1], '(' .. now + ${LIFE}, '+inf')
if life > 0 then
  changed = changed + redis.call('ZADD', KEYS[1], now + life, ARGV[1])
  redis.call('PEXPIRE', KEYS[1], life)
else
  changed = changed + redis.call('ZREM', KEYS[1], ARGV[1])
end
if changed > 0 then redis.call('PUBLISH', ARGV[3], '') end
return redis.call('ZCARD', KEYS[1])
`,
}

export class Instances {
  readonly #port: RedisPort
  readonly #id: string
  #count = 1
  #isStopped = false
  #timer: ReturnType<typeof setTimeout> | undefined
  #unsubscribe: (() => void) | undefined

  constructor(port: RedisPort, id: string) {
    this.#port = port
    this.#id = id
  }

  /** How many there are, as far as was seen last: this one at least. */
  get count(): number {
    return this.#count
  }

  /** Begins to say that this instance lives; resolves once it was said, or failed. */
  start(): Promise<void> {
    this.#unsubscribe = this.#port.subscribe(NAME, () => void this.beat())
    return this.#repeat()
  }

  /** Says that it lives, and counts. Called also when the store is there again. */
  async beat(): Promise<void> {
    if (!this.#isStopped) await this.#say(LIFE)
  }

  /** The others count without it at once. */
  async stop(): Promise<void> {
    this.#isStopped = true
    clearTimeout(this.#timer)
    this.#unsubscribe?.()
    await this.#say(0)
  }

  async #repeat(): Promise<void> {
    this.#timer = setTimeout(() => void inBackground(() => this.#repeat()), BEAT)
    await this.beat()
  }

  async #say(life: number): Promise<void> {
    try {
      const reply = await this.#port.eval(BEAT_SCRIPT, [NAME], [this.#id, life, NAME])
      if (life > 0) this.#count = Math.max(1, Number(reply))
    } catch {
      // The number that was seen last holds on; the port tells that the store is away.
    }
  }
}
