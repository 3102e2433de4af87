/** The options of a key. */
import * as z from 'zod/mini'
import { array, boolean, type Details, integer, text } from './declaration.ts'
import { unexpected } from './error.ts'

const LARGEST = 1e12

const amount = <const D extends Details>(details: D) =>
  integer({ min: 1, max: LARGEST, expected: 'a whole number above 0', ...details })

export const keyOptions = {
  name: text({
    required: true,
    // Never shown, like the hash: someone may have put the key itself here.
    secret: true,
    pattern: /^[a-zA-Z0-9_.@-]{1,64}$/,
    expected: 'a name of letters, digits, ".", "_", "@" and "-"',
    help: 'The name of whoever uses it, in logs. No other key may have it.',
  }),
  hash: text({
    required: true,
    secret: true,
    pattern: /^sha256:[0-9a-f]{64}$/,
    expected: '"sha256:" and 64 hexadecimal digits, as "sluice key new NAME" prints it',
    help: 'The hash of the key: "sha256:" and 64 hexadecimal digits, as "sluice key new NAME" prints it.',
  }),
  admin: boolean({
    help: 'Lets the key see the engines, their states and errors, and the runtime. An ordinary key sees and stops its own requests only.',
  }),
  metrics: boolean({
    help: 'Lets the key read GET /metrics, and nothing else: for a program that collects metrics.',
  }),
  resumable: boolean({
    help: 'Lets every stream of the key go on when its connection is lost, so that GET /v1/streams/{id} resumes it, although the request does not ask for that with the header x-sluice-resume.',
  }),
  models: array(() => z.string().check(z.minLength(1)), {
    min: 1,
    expected: 'a list of names, in which * stands for anything',
    whenEmpty: 'it would allow no model: leave it out to allow all, or name some',
    help: 'The models that it may ask for; * stands for any characters. All by default.',
  }),
  offers: boolean({
    help: 'Lets the key offer the models of a browser tab (POST /v1/tabs), and nothing else: it may not ask.',
  }),
  owner: text({
    pattern: /^[a-zA-Z0-9_.@-]{1,64}$/,
    expected: 'the name of a key',
    help: 'For a key that offers: the name of the key whose requests its tabs answer. Without it they answer those of admin keys.',
  }),
  shared: boolean({
    help: 'For a key that offers: lets its tabs answer the requests of every key.',
  }),
  tabs: boolean({
    help: 'Set to false to have none of its requests answered by a browser tab, whose owner could read them.',
  }),
  requestsPerMinute: amount({ help: 'How many requests it may send in a minute.' }),
  tokensPerMinute: amount({
    help: 'How many tokens it may use in a minute, of prompts and answers together. At most a quarter of them is reserved for an answer, however long it may become.',
  }),
  requestsPerDay: amount({
    help: 'How many requests it may send in a day, which begins at 00:00 UTC.',
  }),
  tokensPerDay: amount({
    help: 'How many tokens it may use in a day (UTC), of prompts and answers together.',
  }),
  requestsPerMonth: amount({
    help: 'How many requests it may send in a month, which begins on its first day at 00:00 UTC.',
  }),
  tokensPerMonth: amount({
    help: 'How many tokens it may use in a month (UTC), of prompts and answers together.',
  }),
  maxConcurrency: amount({
    formerNames: ['streams'],
    help: 'How many of its requests may run at once.',
  }),
  expires: {
    kind: 'text' as const,
    schema: (): z.ZodMiniType<string | number, string | number> =>
      z.union([z.string().check(z.regex(/^\d{4}-\d\d-\d\d/)), z.number()]),
    expected: 'a date, such as 2027-01-31 or 2027-01-31T12:00:00Z',
    help: 'The moment from which on it is refused, such as 2027-01-31 or 2027-01-31T12:00:00Z; a number is milliseconds since 1970.',
    read: readMoment,
  },
  disabled: boolean({ help: 'Whether it is refused, without being removed.' }),
}

/** Some runtimes take 31 February for a day of March, and others for none. */
function isInCalendar(date: string): boolean {
  const [year = 0, month = 0, day = 0] = date.slice(0, 10).split('-').map(Number)
  return new Date(Date.UTC(year, month - 1, day)).getUTCDate() === day
}

/** The largest time that a `Date` can have. */
const LAST_MOMENT = 8.64e15

function readMoment(given: string | number, shownAs: string): number {
  const moment = typeof given === 'string' ? Date.parse(given) : given
  const isDay = typeof given === 'number' || isInCalendar(given)
  if (isDay && Math.abs(moment) <= LAST_MOMENT) return moment
  throw unexpected(shownAs, 'a date, such as 2027-01-31 or 2027-01-31T12:00:00Z', given)
}
