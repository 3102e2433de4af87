import type { KeyActivity } from '../../src/wire/activity/schema.ts'
import { timeText } from '../format.ts'
import { clock } from './clock.ts'
import { Meter, RefillingBar } from './meter.tsx'
import { QuotaMeter, quotasOf, Used } from './quotas.tsx'
import { type Level, type LevelNow, levelAt } from './refill.ts'

/** One key with what is left of its limits. `toldAt`: when the server told, by `performance.now()`. */
export function KeyCard({ of, toldAt }: { of: KeyActivity; toldAt: number }) {
  const { name, requests, tokens, running, maxConcurrency } = of
  const quotas = quotasOf(of)
  const isLimited = requests || tokens || maxConcurrency !== undefined || quotas.length > 0
  return (
    <li class={isOver(of, toldAt) ? 'key over' : 'key'}>
      <div class="key-head">
        <h3>{name}</h3>
        {isOver(of, toldAt) && <span class="over-mark">Limit reached</span>}
        {running !== undefined && maxConcurrency === undefined && (
          <span class="weak">{running === 1 ? '1 request runs' : `${running} requests run`}</span>
        )}
      </div>
      {requests && <Rate name="Requests per minute" of={name} level={requests} toldAt={toldAt} />}
      {tokens && <Rate name="Tokens per minute" of={name} level={tokens} toldAt={toldAt} />}
      {maxConcurrency !== undefined && (
        <Concurrency of={name} running={running ?? 0} most={maxConcurrency} />
      )}
      {quotas.map((each) => (
        <QuotaMeter key={each.name} of={name} quota={each} />
      ))}
      {!isLimited && <p class="weak">No limits are set for this key.</p>}
      <Used of={of} />
    </li>
  )
}

/** Whether a further request would be refused now. */
export function isOver(of: KeyActivity, toldAt: number): boolean {
  const { requests, tokens, running = 0, maxConcurrency } = of
  if (maxConcurrency !== undefined && running >= maxConcurrency) return true
  if (quotasOf(of).some(({ left }) => left === 0)) return true
  const elapsed = clock.value - toldAt
  return [requests, tokens].some((level) => level && levelAt(level, elapsed).freeInMs > 0)
}

interface RateProps {
  name: string
  of: string
  level: Level
  toldAt: number
}

function Rate({ name, of, level, toldAt }: RateProps) {
  const now = levelAt(level, Math.max(0, clock.value - toldAt))
  return (
    <Meter
      title={`${name} of ${of}`}
      name={name}
      limit={level.limit}
      left={now.left}
      text={levelText(level, now)}
      isOver={now.freeInMs > 0}
    >
      <RefillingBar level={level} toldAt={toldAt} now={now} />
    </Meter>
  )
}

function levelText({ limit }: Level, { left, debt, fullInMs, freeInMs }: LevelNow): string {
  const rest = `${countText(left)} of ${countText(limit)} left`
  if (fullInMs === 0) return rest
  const full = `full in ${waitText(fullInMs)}`
  if (freeInMs === 0) return `${rest} · ${full}`
  const over = debt > 0 ? `${countText(debt)} over the limit` : rest
  return `${over} · usable in ${waitText(freeInMs)} · ${full}`
}

function Concurrency({ of, running, most }: { of: string; running: number; most: number }) {
  const left = Math.max(0, most - running)
  const share = most > 0 ? left / most : 0
  return (
    <Meter
      title={`Requests at the same time of ${of}`}
      name="Requests at the same time"
      limit={most}
      left={left}
      text={`${left} of ${most} left · ${running === 1 ? '1 runs' : `${running} run`}`}
      isOver={left === 0}
    >
      <span class="slots-left" style={{ transform: `scaleX(${share})` }} />
    </Meter>
  )
}

function countText(count: number): string {
  return count.toLocaleString('en-US')
}

/** Whole seconds, so that it counts down evenly. */
function waitText(ms: number): string {
  const seconds = Math.ceil(ms / 1_000)
  return seconds < 60 ? `${seconds} s` : timeText(ms)
}
