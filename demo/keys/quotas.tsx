/** What a key has used of a day and a month. */
import type { KeyActivity } from '../../src/wire/activity/schema.ts'
import { Meter } from './meter.tsx'

/** A limit by day or month. */
export interface Quota {
  name: string
  limit: number
  left: number
}

/** The limits by day and month that a key has. */
export function quotasOf({ day, month }: KeyActivity): Quota[] {
  const all = [
    { name: 'Requests per day', of: day?.requests },
    { name: 'Tokens per day', of: day?.tokens },
    { name: 'Requests per month', of: month?.requests },
    { name: 'Tokens per month', of: month?.tokens },
  ]
  return all.flatMap(({ name, of }) => {
    if (of?.limit === undefined) return []
    return [{ name, limit: of.limit, left: of.remaining ?? 0 }]
  })
}

export function QuotaMeter({ of, quota }: { of: string; quota: Quota }) {
  const { name, limit, left } = quota
  const share = limit > 0 ? left / limit : 0
  return (
    <Meter
      title={`${name} of ${of}`}
      name={name}
      limit={limit}
      left={left}
      text={`${countText(left)} of ${countText(limit)} left`}
      isOver={left === 0}
    >
      <span style={{ transform: `scaleX(${share})` }} />
    </Meter>
  )
}

/** What was used, with or without a limit. */
export function Used({ of: { day, month } }: { of: KeyActivity }) {
  if (day === undefined || month === undefined) return null
  const text = ({ requests, tokens }: typeof day) =>
    `${countText(requests.used)} ${requests.used === 1 ? 'request' : 'requests'}, ${countText(tokens.used)} tokens`
  return (
    <p class="weak">
      Today: {text(day)} · This month: {text(month)}
    </p>
  )
}

function countText(count: number): string {
  return count.toLocaleString('en-US')
}
