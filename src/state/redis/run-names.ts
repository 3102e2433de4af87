/** Names of what belongs to one run or one owner. */
import { hashedName, redisName } from './names.ts'

/** Characters of an id that a name shows; clients may ask for any. */
const LONGEST_ID = 100

/**
 * The id as part of a name: as it is where it is one of ours, so that an operator can find it; else its hash.
 */
async function shownId(id: string): Promise<string> {
  if (id.length <= LONGEST_ID && /^[\w-]+$/.test(id)) return id
  return `.${await hashedName(id)}`
}

export interface RunNames {
  run: string
  events: string
  /** The channel of all changes. */
  channel: string
  /** The channel of what its producer has to know: a stop, a deletion, another owner. */
  control: string
}

export async function runNames(owner: string, id: string): Promise<RunNames> {
  const tag = `${await hashedName(owner)}/${await shownId(id)}`
  return {
    run: redisName('s', tag),
    events: redisName('s', tag, 'e'),
    channel: redisName('s', tag, 'n'),
    control: redisName('s', tag, 'c'),
  }
}
